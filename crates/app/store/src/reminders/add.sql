-- Adds a reminder to a task that is not in the trash: at an instant, or minutes before its time.
-- No row when there is no such task; no JSON when it has no time of day, or reminders enough.
-- $1 user id, $2 task id, $3 instant or NULL, $4 minutes before or NULL, $5 how many at most
WITH lock AS MATERIALIZED (
    SELECT lock_user($1::text::uuid)
),
found AS MATERIALIZED (
    SELECT t AS task, $4::int IS NULL OR t.due_time IS NOT NULL AS has_time FROM lock, tasks t
    WHERE t.id = $2::text::uuid AND t.user_id = $1::text::uuid AND t.deleted_at IS NULL
    FOR UPDATE OF t
)
SELECT (
           SELECT reminder_json(r)::text FROM add_reminder(task, $3::text::timestamptz, $4, $5::bigint) r
           WHERE has_time AND r.id IS NOT NULL
       ),
       has_time
FROM found
