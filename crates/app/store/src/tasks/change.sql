-- Changes a task: its row, its reminders, its tags and its event. "now" among the columns is the time
-- of the transaction. No row when the task is not there in that state and version.
-- $1 user id, $2 task id, $3 columns, $4 expected version or NULL, $5 expected status or NULL,
-- $6 whether it must be in the trash, $7 event id, $8 event type, $9 actor, $10 headers
WITH lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1))
),
before AS MATERIALIZED (
    SELECT t AS task FROM lock, tasks t
    WHERE t.id = $2::text::uuid AND t.user_id = $1::text::uuid
      AND ($4::int IS NULL OR t.version = $4) AND ($5::text IS NULL OR t.status = $5)
      AND (t.deleted_at IS NOT NULL) = $6::boolean
    FOR UPDATE OF t
),
draft AS MATERIALIZED (
    SELECT jsonb_populate_record(
        task, $3::text::jsonb || jsonb_build_object('updated_at', now(), 'version', (task).version + 1)
    ) AS task
    FROM before
),
after AS (
    UPDATE tasks t SET
        title = (d.task).title, description = (d.task).description, status = (d.task).status,
        priority = (d.task).priority, tags = (d.task).tags, due_date = (d.task).due_date,
        due_time = (d.task).due_time, time_zone = (d.task).time_zone, due_at = (d.task).due_at,
        recurrence_rule = (d.task).recurrence_rule, recurrence_pattern = (d.task).recurrence_pattern,
        recurrence_interval = (d.task).recurrence_interval, repeat_from = (d.task).repeat_from,
        next_occurrence = (d.task).next_occurrence, series_id = (d.task).series_id,
        occurrence = (d.task).occurrence, remind_at = (d.task).remind_at,
        completed_at = (d.task).completed_at, deleted_at = (d.task).deleted_at,
        updated_at = (d.task).updated_at, version = (d.task).version
    FROM draft d WHERE t.id = (d.task).id
    RETURNING t AS task, task_json(t) AS json
),
new_tags AS (
    INSERT INTO tags (user_id, name)
    SELECT (a.task).user_id, unnest((a.task).tags) FROM before b, after a
    WHERE (a.task).tags <> (b.task).tags
    ON CONFLICT DO NOTHING
),
own_reminder AS (
    INSERT INTO reminders (user_id, task_id, remind_at, is_task_field)
    SELECT (a.task).user_id, (a.task).id, (a.task).remind_at, true FROM before b, after a
    WHERE (a.task).remind_at IS DISTINCT FROM (b.task).remind_at AND (a.task).remind_at IS NOT NULL
    ON CONFLICT (task_id) WHERE is_task_field
    DO UPDATE SET remind_at = excluded.remind_at, state = 'pending', settled_at = NULL
),
cleared_reminders AS (
    DELETE FROM reminders r USING after a
    WHERE r.task_id = (a.task).id
      AND (r.is_task_field AND (a.task).remind_at IS NULL
           OR r.minutes_before IS NOT NULL AND (a.task).due_at IS NULL)
),
moved_reminders AS (
    UPDATE reminders r
    SET remind_at = (a.task).due_at - make_interval(mins => r.minutes_before),
        state = 'pending', settled_at = NULL
    FROM before b, after a
    WHERE r.task_id = (a.task).id AND r.minutes_before IS NOT NULL
      AND (a.task).due_at IS NOT NULL AND (a.task).due_at IS DISTINCT FROM (b.task).due_at
),
event AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
    SELECT $7::text::uuid, 'task-events', $1, $8::text,
           task_event($7::text::uuid, $8, task_json(b.task), a.json, $9::text::jsonb, '{}'), $10::text::jsonb
    FROM before b, after a
)
SELECT json::text, (task).version FROM after
