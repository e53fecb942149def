-- No row when the model is followed already.
created AS (
    INSERT INTO tasks (id, user_id, follows_id, created_at, {columns})
    SELECT id, user_id, follows_id, created_at, {columns}
    FROM draft, kept
    ON CONFLICT DO NOTHING
    RETURNING tasks AS task, task_json(tasks) AS json
)
SELECT json::text, (task).version
FROM created, follow_task(NULL, task),
     append_event($3::text::jsonb, (task).user_id, (task).id, (task).id, NULL, json)
