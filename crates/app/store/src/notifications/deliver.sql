-- Delivers a reminder in the application, once for each event: the entry in the log, and the event that
-- brings it to the browsers. A task that is done or in the trash by now is not reminded of.
-- No row when it was delivered before or the task is gone.
-- $1 user id, $2 reminder.due's event id, $3 task id, $4 reminder id, $5 event id, $6 actor, $7 headers
WITH lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1))
),
subject AS MATERIALIZED (
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
    FROM subject
    ON CONFLICT (event_id, channel) DO NOTHING
    RETURNING id, status
),
event AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
    SELECT $5::text::uuid, 'task-updates', $1, 'reminder.sent',
           task_event($5::text::uuid, 'reminder.sent', NULL, task_json(task), $6::text::jsonb,
               jsonb_build_object('reminder_id', $4::text, 'notification_id', logged.id, 'channel', 'in_app')),
           $7::text::jsonb
    FROM subject, logged WHERE logged.status = 'sent'
)
SELECT status FROM logged
