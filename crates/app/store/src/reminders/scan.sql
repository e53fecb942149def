-- Settles the reminders whose time has come, and appends their events to the outbox. Rows that another
-- scan or a change holds are left to the next one. The reminder of a task that is done or in the trash is
-- settled without a word. Each reminder is a change of its own.
-- $1 how many at most, $2 event
WITH due AS MATERIALIZED (
    SELECT r.id, r.task_id, r.remind_at FROM reminders r
    WHERE r.state = 'pending' AND r.remind_at <= now()
    ORDER BY r.remind_at LIMIT $1::int
    FOR UPDATE SKIP LOCKED
),
judged AS MATERIALIZED (
    SELECT due.id, due.remind_at, t AS task, t.status = 'pending' AND t.deleted_at IS NULL AS is_live
    FROM due JOIN tasks t ON t.id = due.task_id
    ORDER BY due.remind_at
),
settled AS (
    UPDATE reminders r
    SET state = CASE WHEN j.is_live THEN 'fired' ELSE 'skipped' END, settled_at = now()
    FROM judged j WHERE r.id = j.id
),
event AS MATERIALIZED (
    SELECT append_event(
        $2::text::jsonb || jsonb_build_object('change_id', uuid_v7()), (task).user_id, (task).id, (task).id, NULL, task_json(task),
        jsonb_build_object('reminder_id', id, 'remind_at', rfc3339(remind_at))
    )
    FROM judged WHERE is_live
)
SELECT (SELECT count(*) FROM judged), (SELECT count(*) FROM event)
