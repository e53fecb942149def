DROP FUNCTION add_reminder(tasks, timestamptz, integer, bigint);
DROP FUNCTION copy_reminders(uuid, tasks);
DROP FUNCTION follow_task(tasks, tasks);
DROP FUNCTION reminder_json(reminders);
DROP FUNCTION task_json(tasks);
DROP TABLE reminders;
DROP TABLE tags;
DROP TABLE tasks;
DROP DOMAIN task_status, task_priority, task_tags, time_zone, recurrence_rule, recurrence_pattern,
    recurrence_interval, repeat_from, reminder_state;
