-- What a column of a task may hold, as a domain. PostgreSQL reads a CHECK of a table anew for every
-- statement that writes to it, a tenth of the cost of making a task; a domain's it reads once in a
-- session.
--
-- The domains get their constraints after the columns, so that no table is written anew. NOT VALID:
-- the rows that are there were checked by the constraints that these replace. `title` and
-- `description` keep theirs: a generated column is made from them, and the type of such a column
-- cannot change.
CREATE DOMAIN task_status AS text;
CREATE DOMAIN task_priority AS text;
CREATE DOMAIN task_tags AS text[];
CREATE DOMAIN time_zone AS text;
CREATE DOMAIN recurrence_rule AS text;
CREATE DOMAIN recurrence_pattern AS text;
CREATE DOMAIN recurrence_interval AS integer;
CREATE DOMAIN repeat_from AS text;
CREATE DOMAIN reminder_state AS text;

ALTER TABLE tasks
    DROP CONSTRAINT tasks_status_check,
    DROP CONSTRAINT tasks_priority_check,
    DROP CONSTRAINT tasks_tags_check,
    DROP CONSTRAINT tasks_time_zone_check,
    DROP CONSTRAINT tasks_recurrence_rule_check,
    DROP CONSTRAINT tasks_recurrence_pattern_check,
    DROP CONSTRAINT tasks_recurrence_interval_check,
    DROP CONSTRAINT tasks_repeat_from_check,
    ALTER status TYPE task_status,
    ALTER priority TYPE task_priority,
    ALTER tags TYPE task_tags,
    ALTER time_zone TYPE time_zone,
    ALTER recurrence_rule TYPE recurrence_rule,
    ALTER recurrence_pattern TYPE recurrence_pattern,
    ALTER recurrence_interval TYPE recurrence_interval,
    ALTER repeat_from TYPE repeat_from;
ALTER TABLE reminders
    DROP CONSTRAINT reminders_state_check,
    ALTER state TYPE reminder_state;

ALTER DOMAIN task_status ADD CHECK (VALUE IN ('pending', 'completed')) NOT VALID;
ALTER DOMAIN task_priority ADD CHECK (VALUE IN ('low', 'medium', 'high', 'urgent')) NOT VALID;
ALTER DOMAIN task_tags ADD CHECK (cardinality(VALUE) <= 50) NOT VALID;
ALTER DOMAIN time_zone ADD CHECK (char_length(VALUE) <= 64) NOT VALID;
ALTER DOMAIN recurrence_rule ADD CHECK (char_length(VALUE) BETWEEN 1 AND 1000) NOT VALID;
ALTER DOMAIN recurrence_pattern ADD CHECK (VALUE IN ('none', 'daily', 'weekly', 'monthly', 'yearly', 'custom')) NOT VALID;
ALTER DOMAIN recurrence_interval ADD CHECK (VALUE BETWEEN 1 AND 1000) NOT VALID;
ALTER DOMAIN repeat_from ADD CHECK (VALUE IN ('due', 'completion')) NOT VALID;
ALTER DOMAIN reminder_state ADD CHECK (VALUE IN ('pending', 'fired', 'skipped')) NOT VALID;
