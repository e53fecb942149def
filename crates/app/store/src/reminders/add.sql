-- Adds a reminder to a task that is not in the trash: at an instant, or minutes before its time.
-- No row when there is no such task; no JSON when it has no time of day, or reminders enough.
-- $1 user id, $2 task id, $3 instant or NULL, $4 minutes before or NULL, $5 how many at most
WITH task AS MATERIALIZED (
    SELECT t.id, t.user_id, t.due_at, t.due_time FROM tasks t
    WHERE t.id = $2::text::uuid AND t.user_id = $1::text::uuid AND t.deleted_at IS NULL
    FOR UPDATE OF t
),
room AS MATERIALIZED (
    SELECT count(r.id) < $5::bigint AS is_left FROM task LEFT JOIN reminders r ON r.task_id = task.id
),
added AS (
    INSERT INTO reminders (user_id, task_id, remind_at, minutes_before)
    SELECT task.user_id, task.id,
           coalesce($3::text::timestamptz, task.due_at - make_interval(mins => $4::int)), $4
    FROM task, room
    WHERE room.is_left AND ($4 IS NULL OR task.due_time IS NOT NULL)
    RETURNING reminders AS reminder
)
SELECT (SELECT reminder_json(reminder)::text FROM added), (SELECT is_left FROM room) FROM task
