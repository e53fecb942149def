-- What a column of a task may hold, as a domain: PostgreSQL reads a CHECK of a table anew for every
-- statement that writes to it, a tenth of the cost of making a task; a domain's it reads once in a
-- session.
CREATE DOMAIN task_status AS text CHECK (VALUE IN ('pending', 'completed'));
CREATE DOMAIN task_priority AS text CHECK (VALUE IN ('low', 'medium', 'high', 'urgent'));
CREATE DOMAIN task_tags AS text[] CHECK (cardinality(VALUE) <= 50);
CREATE DOMAIN time_zone AS text CHECK (char_length(VALUE) <= 64);
CREATE DOMAIN recurrence_rule AS text CHECK (char_length(VALUE) BETWEEN 1 AND 1000);
CREATE DOMAIN recurrence_pattern AS text CHECK (VALUE IN ('none', 'daily', 'weekly', 'monthly', 'yearly', 'custom'));
CREATE DOMAIN recurrence_interval AS integer CHECK (VALUE BETWEEN 1 AND 1000);
CREATE DOMAIN repeat_from AS text CHECK (VALUE IN ('due', 'completion'));
CREATE DOMAIN reminder_state AS text CHECK (VALUE IN ('pending', 'fired', 'skipped'));

-- `title` and `description` have CHECKs of their own, because a generated column is made from them
-- and the type of such a column cannot change.
CREATE TABLE tasks (
    id                  uuid                PRIMARY KEY DEFAULT uuid_v7(),
    user_id             uuid                NOT NULL REFERENCES users ON DELETE CASCADE,
    title               text                NOT NULL CHECK (char_length(title) BETWEEN 1 AND 500),
    description         text                CHECK (char_length(description) BETWEEN 1 AND 20000),
    status              task_status         NOT NULL DEFAULT 'pending',
    priority            task_priority       NOT NULL DEFAULT 'medium',
    tags                task_tags           NOT NULL DEFAULT '{}',
    -- Due is wall-clock time in the task's own zone: a change of offset does not move it.
    due_date            date,
    due_time            time(0),
    time_zone           time_zone           NOT NULL,
    -- The instant the task becomes overdue: due_time, or the end of due_date where it has none.
    due_at              timestamptz,
    recurrence_rule     recurrence_rule,
    recurrence_pattern  recurrence_pattern  NOT NULL DEFAULT 'none',
    recurrence_interval recurrence_interval,
    repeat_from         repeat_from         NOT NULL DEFAULT 'due',
    -- Wall-clock time of the occurrence that follows this one when it is completed in time.
    next_occurrence     timestamp(0),
    series_id           uuid,
    -- The slot of the series that this task fills; stays when the task is moved to another day.
    occurrence          timestamp(0),
    -- The completed task that this one is the next occurrence of.
    follows_id          uuid,
    remind_at           timestamptz,
    completed_at        timestamptz,
    deleted_at          timestamptz,
    created_at          timestamptz         NOT NULL DEFAULT now(),
    updated_at          timestamptz         NOT NULL DEFAULT now(),
    version             integer             NOT NULL DEFAULT 1,
    search              tsvector            GENERATED ALWAYS AS
                                            (to_tsvector('simple', title || ' ' || coalesce(description, ''))) STORED,
    CHECK (due_time IS NULL OR due_date IS NOT NULL),
    CHECK ((due_at IS NULL) = (due_date IS NULL)),
    CHECK (recurrence_rule IS NULL OR (due_date IS NOT NULL AND series_id IS NOT NULL AND occurrence IS NOT NULL)),
    CHECK ((recurrence_pattern = 'none') = (recurrence_rule IS NULL)),
    CHECK ((completed_at IS NULL) = (status = 'pending'))
);
CREATE INDEX tasks_user_created ON tasks (user_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX tasks_user_due ON tasks (user_id, due_at) WHERE deleted_at IS NULL AND status = 'pending';
CREATE INDEX tasks_search ON tasks USING gin (search);
-- A completed task has at most one next occurrence, and a slot of a series at most one task.
CREATE UNIQUE INDEX tasks_follows ON tasks (follows_id);
CREATE UNIQUE INDEX tasks_series_occurrence ON tasks (series_id, occurrence);

-- The tags a user has, with what a tag has of its own; which of them a task has is tasks.tags.
CREATE TABLE tags (
    id         uuid        PRIMARY KEY DEFAULT uuid_v7(),
    user_id    uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 50),
    colour     text        CHECK (colour ~ '^#[0-9a-f]{6}$'),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, name)
);

CREATE TABLE reminders (
    id             uuid           PRIMARY KEY DEFAULT uuid_v7(),
    user_id        uuid           NOT NULL REFERENCES users ON DELETE CASCADE,
    task_id        uuid           NOT NULL REFERENCES tasks ON DELETE CASCADE,
    remind_at      timestamptz    NOT NULL,
    -- Set for a reminder that moves with the task's due time.
    minutes_before integer        CHECK (minutes_before BETWEEN 0 AND 525600),
    -- True for the one reminder that is the task's own remind_at field.
    is_task_field  boolean        NOT NULL DEFAULT false,
    -- fired: reminder.due was emitted. skipped: the task was done or deleted when it came due.
    state          reminder_state NOT NULL DEFAULT 'pending',
    settled_at     timestamptz,
    created_at     timestamptz    NOT NULL DEFAULT now(),
    CHECK ((settled_at IS NULL) = (state = 'pending'))
);
CREATE INDEX reminders_due ON reminders (remind_at) WHERE state = 'pending';
CREATE INDEX reminders_task ON reminders (task_id);
CREATE UNIQUE INDEX reminders_task_field ON reminders (task_id) WHERE is_task_field;

-- The task as everything outside the database sees it: HTTP replies and events alike.
-- Reads nothing but its argument, so it may be used on a row that is only being written.
CREATE FUNCTION task_json(task tasks) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object(
        'id', task.id,
        'user_id', task.user_id,
        'title', task.title,
        'description', task.description,
        'status', task.status,
        'priority', task.priority,
        'tags', task.tags,
        'due_date', to_char(task.due_date::timestamp, 'YYYY-MM-DD'),
        'due_time', to_char(task.due_time, 'HH24:MI'),
        'time_zone', task.time_zone,
        'recurrence_rule', task.recurrence_rule,
        'recurrence_pattern', task.recurrence_pattern,
        'recurrence_interval', task.recurrence_interval,
        'repeat_from', task.repeat_from,
        'next_occurrence', CASE WHEN task.status = 'pending' THEN
            to_char(task.next_occurrence, CASE WHEN task.due_time IS NULL THEN 'YYYY-MM-DD' ELSE 'YYYY-MM-DD"T"HH24:MI' END)
        END,
        'series_id', task.series_id,
        'remind_at', rfc3339(task.remind_at),
        'completed_at', rfc3339(task.completed_at),
        'deleted_at', rfc3339(task.deleted_at),
        'created_at', rfc3339(task.created_at),
        'updated_at', rfc3339(task.updated_at),
        'version', task.version
    )
$$;

-- A reminder as its user sees it.
CREATE FUNCTION reminder_json(reminder reminders) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object(
        'id', reminder.id,
        'task_id', reminder.task_id,
        'remind_at', rfc3339(reminder.remind_at),
        'minutes_before', reminder.minutes_before,
        'is_task_field', reminder.is_task_field,
        'state', reminder.state,
        'created_at', rfc3339(reminder.created_at)
    )
$$;

-- Lets tags and reminders follow a task that was written: `before` is NULL for a new one. A function,
-- so that it sees the reminders that came while its statement waited for the user's lock.
CREATE FUNCTION follow_task(before tasks, after tasks) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF after.tags <> '{}' AND after.tags IS DISTINCT FROM before.tags THEN
        INSERT INTO tags (user_id, name) SELECT after.user_id, unnest(after.tags) ON CONFLICT DO NOTHING;
    END IF;
    IF after.remind_at IS DISTINCT FROM before.remind_at THEN
        IF after.remind_at IS NULL THEN
            DELETE FROM reminders r WHERE r.task_id = after.id AND r.is_task_field;
        ELSE
            INSERT INTO reminders (user_id, task_id, remind_at, is_task_field)
            VALUES (after.user_id, after.id, after.remind_at, true)
            ON CONFLICT (task_id) WHERE is_task_field
            DO UPDATE SET remind_at = excluded.remind_at, state = 'pending', settled_at = NULL;
        END IF;
    END IF;
    IF before.id IS NOT NULL AND after.due_at IS DISTINCT FROM before.due_at THEN
        IF after.due_at IS NULL THEN
            DELETE FROM reminders r WHERE r.task_id = after.id AND r.minutes_before IS NOT NULL;
        ELSE
            UPDATE reminders r
            SET remind_at = after.due_at - make_interval(mins => r.minutes_before),
                state = 'pending', settled_at = NULL
            WHERE r.task_id = after.id AND r.minutes_before IS NOT NULL;
        END IF;
    END IF;
END
$$;

-- Gives a task's next occurrence the reminders that move with its due time.
CREATE FUNCTION copy_reminders(from_task_id uuid, to_task tasks) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO reminders (user_id, task_id, remind_at, minutes_before)
    SELECT r.user_id, to_task.id, to_task.due_at - make_interval(mins => r.minutes_before), r.minutes_before
    FROM reminders r WHERE r.task_id = from_task_id AND r.minutes_before IS NOT NULL;
END
$$;

-- Adds a reminder to a task, at an instant or minutes before its time; NULL when the task has as many
-- as it may have. Counts those that came while its statement waited for the user's lock too.
CREATE FUNCTION add_reminder(
    to_task tasks, at timestamptz, minutes integer, max_per_task bigint
) RETURNS reminders
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    added reminders;
BEGIN
    IF (SELECT count(*) FROM reminders r WHERE r.task_id = to_task.id) < max_per_task THEN
        INSERT INTO reminders (user_id, task_id, remind_at, minutes_before)
        VALUES (to_task.user_id, to_task.id, coalesce(at, to_task.due_at - make_interval(mins => minutes)), minutes)
        RETURNING * INTO added;
    END IF;
    RETURN added;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON tasks, tags, reminders TO taskwhisper_app;
