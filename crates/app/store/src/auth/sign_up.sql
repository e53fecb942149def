-- Makes an account with its first session, and appends the event to the outbox; no row when the e-mail
-- address is taken.
-- $1 user id, $2 e-mail, $3 password hash, $4 name, $5 time zone,
-- $6 refresh token's hash, $7 user agent, $8 session seconds, $9 event
WITH lock AS MATERIALIZED (
    SELECT lock_user($1::text::uuid)
),
account AS (
    INSERT INTO users (id, email, name, time_zone)
    SELECT $1::text::uuid, $2::text, $4::text, $5::text FROM lock
    ON CONFLICT (lower(email)) DO NOTHING
    RETURNING users.*
),
password AS (
    INSERT INTO passwords (user_id, hash) SELECT id, $3::text FROM account
),
session AS (
    INSERT INTO sessions (family, user_id, refresh_token_hash, user_agent, expires_at)
    SELECT uuid_v7(), id, $6::bytea, $7::text, now() + make_interval(secs => $8::int) FROM account
)
SELECT user_json(account::users)::text
FROM account, append_event($9::text::jsonb, account.id, account.id, NULL, NULL, user_json(account::users))
