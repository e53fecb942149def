-- Changes name and time zone, what is NULL stays, and appends the event to the outbox. No row when the
-- account is gone.
-- $1 user id, $2 name, $3 time zone, $4 event
WITH lock AS MATERIALIZED (
    SELECT lock_user($1::text::uuid)
),
before AS MATERIALIZED (
    SELECT users.* FROM lock, users WHERE users.id = $1::text::uuid FOR UPDATE OF users
),
after AS (
    UPDATE users SET name = coalesce($2::text, users.name),
                     time_zone = coalesce($3::text, users.time_zone),
                     updated_at = now()
    FROM before WHERE users.id = before.id
    RETURNING users.*
)
SELECT user_json(after::users)::text
FROM before, after, append_event(
    $4::text::jsonb, after.id, after.id, NULL, user_json(before::users), user_json(after::users)
)
