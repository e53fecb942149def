-- Sets the password, ends every session of the account, begins a new one, and appends the event to the
-- outbox. No row when the password is no longer the one that was checked.
-- $1 user id, $2 checked hash, $3 new hash, $4 refresh token's hash, $5 user agent,
-- $6 session seconds, $7 event
WITH lock AS MATERIALIZED (
    SELECT lock_user($1::text::uuid)
),
account AS MATERIALIZED (
    SELECT users.* FROM lock, users JOIN passwords ON passwords.user_id = users.id
    WHERE users.id = $1::text::uuid AND passwords.hash = $2::text
    FOR UPDATE OF users, passwords
),
password AS (
    UPDATE passwords SET hash = $3::text, changed_at = now()
    FROM account WHERE passwords.user_id = account.id
    RETURNING passwords.user_id
),
-- Before the new session is there, so that it is not ended too.
ended AS MATERIALIZED (
    SELECT user_id, end_sessions(user_id, NULL) FROM password
),
session AS (
    INSERT INTO sessions (family, user_id, refresh_token_hash, user_agent, expires_at)
    SELECT uuid_v7(), user_id, $4::bytea, $5::text, now() + make_interval(secs => $6::int) FROM ended
)
SELECT user_json(account::users)::text
FROM account, append_event($7::text::jsonb, account.id, account.id, NULL, NULL, user_json(account::users))
