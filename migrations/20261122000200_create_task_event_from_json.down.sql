CREATE OR REPLACE FUNCTION task_event(
    event_id uuid, event_type text, before tasks, after tasks, actor jsonb, metadata jsonb
) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object(
        'event_id', event_id,
        'event_type', event_type,
        'user_id', after.user_id,
        'task_id', after.id,
        'actor', actor,
        'task_data', task_json(after),
        'previous_data', CASE WHEN before.id IS NOT NULL THEN task_json(before) END,
        'metadata', metadata,
        'timestamp', rfc3339(now())
    )
$$;

DROP FUNCTION task_event(uuid, text, jsonb, jsonb, jsonb, jsonb);
