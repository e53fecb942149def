-- Sets the password, ends every session of the account and begins a new one. No row when the
-- password is no longer the one that was checked.
-- $1 user id, $2 checked hash, $3 new hash, $4 refresh token's hash, $5 user agent,
-- $6 session seconds, $7 event id, $8 metadata, $9 headers
WITH lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1))
),
before AS MATERIALIZED (
    SELECT users.id FROM lock, users
    WHERE users.id = $1::text::uuid AND users.password_hash = $2::text FOR UPDATE OF users
),
account AS (
    UPDATE users SET password_hash = $3::text, updated_at = now()
    FROM before WHERE users.id = before.id
    RETURNING users.*
),
ended AS (
    UPDATE sessions s SET revoked_at = now() FROM account
    WHERE s.user_id = account.id AND s.revoked_at IS NULL
),
session AS (
    INSERT INTO sessions (family, user_id, refresh_token_hash, user_agent, expires_at)
    SELECT uuid_v7(), id, $4::bytea, $5::text, now() + make_interval(secs => $6::int) FROM account
),
event AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
    SELECT $7::text::uuid, 'audit-events', id::text, 'user.password_changed',
           user_event($7::text::uuid, 'user.password_changed', id, $8::text::jsonb), $9::text::jsonb
    FROM account
)
SELECT user_json(account::users)::text FROM account
