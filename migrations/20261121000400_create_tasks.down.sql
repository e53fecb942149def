REVOKE SELECT, INSERT ON outbox FROM taskwhisper_app;
DROP FUNCTION task_event(uuid, text, tasks, tasks, jsonb, jsonb);
DROP FUNCTION reminder_json(reminders);
DROP FUNCTION task_json(tasks);
DROP TABLE reminders;
DROP TABLE tags;
DROP TABLE tasks;
