-- $1 user id, $2 task id
SELECT reminder_json(r)::text FROM reminders r
WHERE r.user_id = $1::text::uuid AND r.task_id = $2::text::uuid
ORDER BY r.remind_at, r.id
