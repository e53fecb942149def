-- Delivers a reminder in the application, once for each event: the entry in the log, and in the outbox
-- the event that brings it to the browsers. A task that is done or in the trash by now is not reminded of.
-- No row when it was delivered before or the task is gone.
-- $1 user id, $2 reminder.due's event id, $3 task id, $4 reminder id, $5 event
WITH lock AS MATERIALIZED (
    SELECT lock_user($1::text::uuid)
),
found AS MATERIALIZED (
    SELECT t AS task, t.status = 'pending' AND t.deleted_at IS NULL AS is_live
    FROM lock, tasks t
    WHERE t.id = $3::text::uuid AND t.user_id = $1::text::uuid
    FOR SHARE OF t
),
logged AS (
    INSERT INTO notification_log (user_id, task_id, reminder_id, event_id, channel, status, title, detail)
    SELECT (task).user_id, (task).id, $4::text::uuid, $2::text::uuid, 'in_app',
           CASE WHEN is_live THEN 'sent' ELSE 'skipped' END, (task).title,
           CASE WHEN NOT is_live THEN 'the task was completed or deleted before the reminder was sent' END
    FROM found
    ON CONFLICT (event_id, channel) DO NOTHING
    RETURNING id, status
),
event AS MATERIALIZED (
    SELECT append_event(
        $5::text::jsonb, (task).user_id, (task).id, (task).id, NULL, task_json(task), jsonb_build_object(
            'reminder_id', $4::text, 'notification_id', logged.id, 'channel', 'in_app'
        )
    )
    FROM found, logged WHERE logged.status = 'sent'
)
SELECT logged.status FROM logged LEFT JOIN event ON true
