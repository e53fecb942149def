-- Emits the reminders whose time has come. Rows that another scan or a change holds are left to the
-- next one. The reminder of a task that is done or in the trash is settled without a word.
-- $1 how many at most, $2 actor, $3 headers
WITH due AS MATERIALIZED (
    SELECT r.id, r.task_id, r.remind_at FROM reminders r
    WHERE r.state = 'pending' AND r.remind_at <= now()
    ORDER BY r.remind_at LIMIT $1::int
    FOR UPDATE SKIP LOCKED
),
judged AS MATERIALIZED (
    SELECT due.id, due.remind_at, t AS task, uuid_v7() AS event_id,
           t.status = 'pending' AND t.deleted_at IS NULL AS is_live
    FROM due JOIN tasks t ON t.id = due.task_id
),
settled AS (
    UPDATE reminders r
    SET state = CASE WHEN j.is_live THEN 'fired' ELSE 'skipped' END, settled_at = now()
    FROM judged j WHERE r.id = j.id
    RETURNING r.state
),
event AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
    SELECT event_id, 'reminders', (task).user_id::text, 'reminder.due',
           task_event(event_id, 'reminder.due', NULL, task_json(task), $2::text::jsonb, jsonb_build_object(
               'reminder_id', id, 'remind_at', rfc3339(remind_at)
           )),
           $3::text::jsonb || jsonb_build_object('ce_subject', (task).id)
    FROM judged WHERE is_live ORDER BY remind_at
)
SELECT count(*), count(*) FILTER (WHERE state = 'fired') FROM settled
