draft AS MATERIALIZED (
    SELECT draft.*
    FROM lock, model, users u, jsonb_populate_record(
        model.task,
        jsonb_build_object('time_zone', u.time_zone) || $2::text::jsonb || jsonb_build_object(
            'user_id', u.id, 'status', 'pending', 'completed_at', NULL, 'deleted_at', NULL,
            'created_at', now(), 'updated_at', now(), 'version', 1
        )
    ) AS draft
    WHERE u.id = $1::text::uuid
),
