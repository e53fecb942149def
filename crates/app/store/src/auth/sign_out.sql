-- Ends the session of a refresh token, once, and appends the event to the outbox.
-- $1 presented token's hash, $2 event
WITH found AS MATERIALIZED (
    SELECT id, user_id FROM sessions WHERE refresh_token_hash = $1::bytea
),
lock AS MATERIALIZED (
    SELECT lock_user(user_id) FROM found
),
presented AS MATERIALIZED (
    SELECT s.family, s.user_id
    FROM lock, sessions s
    WHERE s.id = (SELECT id FROM found) AND s.revoked_at IS NULL AND s.expires_at > now()
    FOR UPDATE OF s
)
SELECT end_sessions(user_id, family), append_event($2::text::jsonb, user_id, user_id, NULL, NULL, NULL)::text
FROM presented
