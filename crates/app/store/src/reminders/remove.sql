-- Removes a reminder; that of the task's remind_at field is only named, not removed.
-- $1 user id, $2 task id, $3 reminder id
WITH removed AS (
    DELETE FROM reminders r
    WHERE r.id = $3::text::uuid AND r.task_id = $2::text::uuid AND r.user_id = $1::text::uuid
      AND NOT r.is_task_field
    RETURNING r.id
)
SELECT EXISTS (SELECT FROM removed)
FROM reminders r
WHERE r.id = $3::text::uuid AND r.task_id = $2::text::uuid AND r.user_id = $1::text::uuid
