-- Rotates a refresh token. A token that was rotated before and comes again was copied: its family is
-- ended, and the event goes to the outbox.
-- No row for an unknown token; otherwise the state: good, reused or ended.
-- $1 presented token's hash, $2 next token's hash, $3 user agent, $4 session seconds, $5 event
WITH found AS MATERIALIZED (
    SELECT id, user_id FROM sessions WHERE refresh_token_hash = $1::bytea
),
lock AS MATERIALIZED (
    SELECT lock_user(user_id) FROM found
),
presented AS MATERIALIZED (
    SELECT s.id, s.family, s.user_id,
           CASE WHEN s.revoked_at IS NOT NULL OR s.expires_at <= now() THEN 'ended'
                WHEN s.rotated_at IS NOT NULL THEN 'reused'
                ELSE 'good' END AS state
    FROM lock, sessions s WHERE s.id = (SELECT id FROM found) FOR UPDATE OF s
),
rotated AS (
    UPDATE sessions s SET rotated_at = now() FROM presented p WHERE s.id = p.id AND p.state = 'good'
),
next AS (
    INSERT INTO sessions (family, user_id, refresh_token_hash, user_agent, expires_at)
    SELECT family, user_id, $2::bytea, $3::text, now() + make_interval(secs => $4::int)
    FROM presented WHERE state = 'good'
),
revoked AS MATERIALIZED (
    SELECT end_sessions(user_id, family), append_event($5::text::jsonb, user_id, user_id, NULL, NULL, NULL)
    FROM presented WHERE state = 'reused'
)
SELECT p.state, users.id::text, user_json(users)::text
FROM presented p JOIN users ON users.id = p.user_id LEFT JOIN revoked ON true
