-- Makes a task: its row, its reminder, its tags, its event and, where the request has a key, the reply
-- that a repeated request gets. With a model, the task is that one's next occurrence: fields that
-- are not given are those of the model, which must be completed still and at the version read.
-- No row when the user is gone, the key is known, the model changed, or it was followed already.
-- $1 user id, $2 columns, $3 event id, $4 actor, $5 headers, $6 idempotency key, $7 request hash in
-- hex, $8 model's id, $9 model's version
WITH lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1))
),
model AS MATERIALIZED (
    SELECT t AS task FROM lock, tasks t
    WHERE t.id = $8::text::uuid AND t.user_id = $1::text::uuid AND t.version = $9::int
      AND t.status = 'completed' AND t.deleted_at IS NULL
    FOR UPDATE OF t
),
draft AS MATERIALIZED (
    SELECT jsonb_populate_record(
        (SELECT task FROM model),
        jsonb_build_object('time_zone', u.time_zone) || $2::text::jsonb || jsonb_build_object(
            'user_id', u.id, 'status', 'pending', 'completed_at', NULL, 'deleted_at', NULL,
            'created_at', now(), 'updated_at', now(), 'version', 1
        )
    ) AS task
    FROM lock, users u
    WHERE u.id = $1::text::uuid AND ($8::text IS NULL OR EXISTS (SELECT FROM model))
),
kept AS (
    INSERT INTO idempotency_keys (user_id, key, request_hash, task_id, reply)
    SELECT (task).user_id, $6::text, decode($7::text, 'hex'), (task).id, task_json(task)
    FROM draft WHERE $6::text IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING task_id
),
created AS (
    INSERT INTO tasks (
        id, user_id, title, description, status, priority, tags, due_date, due_time, time_zone, due_at,
        recurrence_rule, recurrence_pattern, recurrence_interval, repeat_from, next_occurrence,
        series_id, occurrence, follows_id, remind_at, created_at, updated_at, version
    )
    SELECT (task).id, (task).user_id, (task).title, (task).description, (task).status, (task).priority,
           (task).tags, (task).due_date, (task).due_time, (task).time_zone, (task).due_at,
           (task).recurrence_rule, (task).recurrence_pattern, (task).recurrence_interval,
           (task).repeat_from, (task).next_occurrence, (task).series_id, (task).occurrence,
           (task).follows_id, (task).remind_at, (task).created_at, (task).updated_at, (task).version
    FROM draft WHERE $6::text IS NULL OR EXISTS (SELECT FROM kept)
    ON CONFLICT DO NOTHING
    RETURNING tasks AS task
),
new_tags AS (
    INSERT INTO tags (user_id, name)
    SELECT (task).user_id, unnest((task).tags) FROM created
    ON CONFLICT DO NOTHING
),
own_reminder AS (
    INSERT INTO reminders (user_id, task_id, remind_at, is_task_field)
    SELECT (task).user_id, (task).id, (task).remind_at, true FROM created
    WHERE (task).remind_at IS NOT NULL
),
copied_reminders AS (
    INSERT INTO reminders (user_id, task_id, remind_at, minutes_before)
    SELECT r.user_id, (c.task).id, (c.task).due_at - make_interval(mins => r.minutes_before), r.minutes_before
    FROM created c, model m, reminders r
    WHERE r.task_id = (m.task).id AND r.minutes_before IS NOT NULL
),
event AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
    SELECT $3::text::uuid, 'task-events', $1, 'task.created',
           task_event($3::text::uuid, 'task.created', NULL::tasks, task, $4::text::jsonb, '{}'),
           $5::text::jsonb
    FROM created
),
swept_keys AS (
    DELETE FROM idempotency_keys WHERE (user_id, key) IN (
        SELECT k.user_id, k.key FROM kept, idempotency_keys k
        WHERE k.user_id = $1::text::uuid AND k.created_at < now() - interval '3 days'
        ORDER BY k.created_at LIMIT 20
    )
)
SELECT task_json(task)::text, (task).version FROM created
