ALTER TABLE reminders
    ALTER state TYPE text,
    ADD CHECK (state IN ('pending', 'fired', 'skipped'));
ALTER TABLE tasks
    ALTER status TYPE text,
    ALTER priority TYPE text,
    ALTER tags TYPE text[],
    ALTER time_zone TYPE text,
    ALTER recurrence_rule TYPE text,
    ALTER recurrence_pattern TYPE text,
    ALTER recurrence_interval TYPE integer,
    ALTER repeat_from TYPE text,
    ADD CHECK (status IN ('pending', 'completed')),
    ADD CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    ADD CHECK (cardinality(tags) <= 50),
    ADD CHECK (char_length(time_zone) <= 64),
    ADD CHECK (char_length(recurrence_rule) BETWEEN 1 AND 1000),
    ADD CHECK (recurrence_pattern IN ('none', 'daily', 'weekly', 'monthly', 'yearly', 'custom')),
    ADD CHECK (recurrence_interval BETWEEN 1 AND 1000),
    ADD CHECK (repeat_from IN ('due', 'completion'));
DROP DOMAIN task_status, task_priority, task_tags, time_zone, recurrence_rule, recurrence_pattern,
    recurrence_interval, repeat_from, reminder_state;
