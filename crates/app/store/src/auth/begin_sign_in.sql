-- Counts the attempt for the peer and for the account together with the peer, and finds the account.
-- Always one row. The order of VALUES is the order in which everyone locks these rows.
-- $1 account and peer, $2 peer, $3 window seconds, $4 e-mail
WITH attempt AS (
    INSERT INTO sign_in_attempts AS known (key, attempts, window_ends_at)
    SELECT key, 1, now() + make_interval(secs => $3::int)
    FROM (VALUES ($1::text), ($2::text)) AS given (key)
    ON CONFLICT (key) DO UPDATE SET
        attempts = CASE WHEN known.window_ends_at <= now() THEN 1 ELSE known.attempts + 1 END,
        window_ends_at = CASE WHEN known.window_ends_at <= now()
                              THEN excluded.window_ends_at ELSE known.window_ends_at END
    RETURNING key, attempts, ceil(extract(epoch FROM window_ends_at - now()))::int AS retry_after_s
)
SELECT of_account.attempts, of_account.retry_after_s, of_peer.attempts, of_peer.retry_after_s,
       users.id::text, passwords.hash
FROM attempt AS of_account
JOIN attempt AS of_peer ON of_peer.key = $2
LEFT JOIN users ON lower(users.email) = lower($4::text)
LEFT JOIN passwords ON passwords.user_id = users.id
WHERE of_account.key = $1
