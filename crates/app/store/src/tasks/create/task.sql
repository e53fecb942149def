-- No row when the model is followed already.
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
    FROM draft, kept
    ON CONFLICT DO NOTHING
    RETURNING id, user_id, tags, remind_at, due_at, version, task_json(tasks) AS json
),
new_tags AS (
    INSERT INTO tags (user_id, name)
    SELECT user_id, unnest(tags) FROM created
    ON CONFLICT DO NOTHING
),
own_reminder AS (
    INSERT INTO reminders (user_id, task_id, remind_at, is_task_field)
    SELECT user_id, id, remind_at, true FROM created
    WHERE remind_at IS NOT NULL
),
event AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
    SELECT $3::text::uuid, 'task-events', $1, 'task.created',
           task_event($3::text::uuid, 'task.created', NULL, json, $4::text::jsonb, '{}'), $5::text::jsonb
    FROM created
)
