-- The reply that a repeated request gets. No row when the key is known.
-- $6 idempotency key, $7 request hash in hex
kept AS (
    INSERT INTO idempotency_keys (user_id, key, request_hash, task_id, reply)
    SELECT (task).user_id, $6::text, decode($7::text, 'hex'), (task).id, task_json(task) FROM draft
    ON CONFLICT DO NOTHING
    RETURNING task_id
),
swept_keys AS (
    DELETE FROM idempotency_keys WHERE (user_id, key) IN (
        SELECT k.user_id, k.key FROM kept, idempotency_keys k
        WHERE k.user_id = $1::text::uuid AND k.created_at < now() - interval '3 days'
        ORDER BY k.created_at LIMIT 20
    )
),
