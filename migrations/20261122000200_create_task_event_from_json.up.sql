-- The value of an event about a task, from the JSON of the task before (NULL for a new one) and
-- after: a statement that replies with that JSON too makes it once.
CREATE FUNCTION task_event(
    event_id uuid, event_type text, before jsonb, after jsonb, actor jsonb, metadata jsonb
) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object(
        'event_id', event_id,
        'event_type', event_type,
        'user_id', after -> 'user_id',
        'task_id', after -> 'id',
        'actor', actor,
        'task_data', after,
        'previous_data', before,
        'metadata', metadata,
        'timestamp', rfc3339(now())
    )
$$;

-- For the version before, which gives the rows.
CREATE OR REPLACE FUNCTION task_event(
    event_id uuid, event_type text, before tasks, after tasks, actor jsonb, metadata jsonb
) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT task_event(
        event_id, event_type, CASE WHEN before.id IS NOT NULL THEN task_json(before) END,
        task_json(after), actor, metadata
    )
$$;
