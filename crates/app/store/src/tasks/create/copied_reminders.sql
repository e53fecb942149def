, copied_reminders AS (
    INSERT INTO reminders (user_id, task_id, remind_at, minutes_before)
    SELECT r.user_id, c.id, c.due_at - make_interval(mins => r.minutes_before), r.minutes_before
    FROM created c, model m, reminders r
    WHERE r.task_id = (m.task).id AND r.minutes_before IS NOT NULL
)
