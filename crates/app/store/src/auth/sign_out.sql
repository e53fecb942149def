-- Ends the session of a refresh token, once.
-- $1 presented token's hash, $2 event id, $3 metadata, $4 headers
WITH found AS MATERIALIZED (
    SELECT id, user_id FROM sessions WHERE refresh_token_hash = $1::bytea
),
lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended(user_id::text, 1)) FROM found
),
presented AS MATERIALIZED (
    SELECT s.id, s.family, s.user_id
    FROM lock, sessions s
    WHERE s.id = (SELECT id FROM found) AND s.revoked_at IS NULL AND s.expires_at > now()
    FOR UPDATE OF s
),
revoked AS (
    UPDATE sessions s SET revoked_at = now() FROM presented p
    WHERE s.family = p.family AND s.revoked_at IS NULL
)
INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
SELECT $2::text::uuid, 'audit-events', user_id::text, 'user.signed_out',
       user_event($2::text::uuid, 'user.signed_out', user_id, $3::text::jsonb), $4::text::jsonb
FROM presented
