-- Makes an account, its first session and the event; no row when the e-mail address is taken.
-- $1 user id, $2 e-mail, $3 password hash, $4 name, $5 time zone,
-- $6 refresh token's hash, $7 user agent, $8 session seconds, $9 event id, $10 metadata, $11 headers
WITH lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1))
),
account AS (
    INSERT INTO users (id, email, password_hash, name, time_zone)
    SELECT $1::text::uuid, $2::text, $3::text, $4::text, $5::text FROM lock
    ON CONFLICT (lower(email)) DO NOTHING
    RETURNING users.*
),
session AS (
    INSERT INTO sessions (family, user_id, refresh_token_hash, user_agent, expires_at)
    SELECT uuid_v7(), id, $6::bytea, $7::text, now() + make_interval(secs => $8::int) FROM account
),
event AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
    SELECT $9::text::uuid, 'audit-events', id::text, 'user.signed_up',
           user_event($9::text::uuid, 'user.signed_up', id, $10::text::jsonb), $11::text::jsonb
    FROM account
)
SELECT user_json(account::users)::text FROM account
