-- Rotates a refresh token. A token that was rotated before and comes again was copied: its family is
-- revoked. A family is dead as soon as one of its rows is revoked; so a row that a concurrent refresh
-- adds, and that this statement's snapshot cannot see, is dead too.
-- No row for an unknown token; otherwise the state: good, reused or ended.
-- $1 presented token's hash, $2 next token's hash, $3 user agent, $4 session seconds, $5 event id,
-- $6 metadata, $7 headers
WITH found AS MATERIALIZED (
    SELECT id, user_id FROM sessions WHERE refresh_token_hash = $1::bytea
),
lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended(user_id::text, 1)) FROM found
),
presented AS MATERIALIZED (
    SELECT s.id, s.family, s.user_id, s.rotated_at, s.revoked_at, s.expires_at
    FROM lock, sessions s WHERE s.id = (SELECT id FROM found) FOR UPDATE OF s
),
judged AS MATERIALIZED (
    SELECT p.id, p.family, p.user_id,
           CASE WHEN p.revoked_at IS NOT NULL OR p.expires_at <= now() OR EXISTS (
                    SELECT FROM sessions f WHERE f.family = p.family AND f.revoked_at IS NOT NULL
                ) THEN 'ended'
                WHEN p.rotated_at IS NOT NULL THEN 'reused'
                ELSE 'good' END AS state
    FROM presented p
),
rotated AS (
    UPDATE sessions s SET rotated_at = now() FROM judged j WHERE s.id = j.id AND j.state = 'good'
),
next AS (
    INSERT INTO sessions (family, user_id, refresh_token_hash, user_agent, expires_at)
    SELECT family, user_id, $2::bytea, $3::text, now() + make_interval(secs => $4::int)
    FROM judged WHERE state = 'good'
),
revoked AS (
    UPDATE sessions s SET revoked_at = now() FROM judged j
    WHERE s.family = j.family AND s.revoked_at IS NULL AND j.state = 'reused'
),
event AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
    SELECT $5::text::uuid, 'audit-events', user_id::text, 'session.revoked',
           user_event($5::text::uuid, 'session.revoked', user_id, $6::text::jsonb), $7::text::jsonb
    FROM judged WHERE state = 'reused'
)
SELECT j.state, users.id::text, user_json(users)::text
FROM judged j JOIN users ON users.id = j.user_id
