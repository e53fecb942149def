-- The password was right: a new session, its event in the outbox, the attempt taken back. No row when
-- the account is gone or its password no longer the one that was checked. Sweeps a few rows nobody needs.
-- $1 user id, $2 refresh token's hash, $3 user agent, $4 session seconds, $5 event,
-- $6 account and peer, $7 peer, $8 checked hash
WITH lock AS MATERIALIZED (
    SELECT lock_user($1::text::uuid)
),
account AS MATERIALIZED (
    SELECT users.* FROM lock, users JOIN passwords ON passwords.user_id = users.id
    WHERE users.id = $1::text::uuid AND passwords.hash = $8::text
    FOR SHARE OF users, passwords
),
session AS (
    INSERT INTO sessions (family, user_id, refresh_token_hash, user_agent, expires_at)
    SELECT uuid_v7(), id, $2::bytea, $3::text, now() + make_interval(secs => $4::int) FROM account
),
attempt AS MATERIALIZED (
    SELECT key FROM lock, sign_in_attempts
    WHERE key IN ($6::text, $7::text) ORDER BY key FOR UPDATE OF sign_in_attempts
),
taken_back AS (
    UPDATE sign_in_attempts AS known
    SET attempts = CASE WHEN known.key = $6 THEN 0 ELSE greatest(known.attempts - 1, 0) END
    FROM attempt WHERE known.key = attempt.key
),
swept_attempts AS (
    DELETE FROM sign_in_attempts WHERE key IN (
        SELECT key FROM lock, sign_in_attempts
        WHERE window_ends_at < now() - interval '1 hour' AND key NOT IN ($6, $7)
        LIMIT 10 FOR UPDATE OF sign_in_attempts SKIP LOCKED
    )
),
swept_sessions AS (
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM lock, sessions WHERE expires_at < now() - interval '7 days'
        LIMIT 10 FOR UPDATE OF sessions SKIP LOCKED
    )
)
SELECT user_json(account::users)::text
FROM account, append_event($5::text::jsonb, account.id, account.id, NULL, NULL, NULL)
