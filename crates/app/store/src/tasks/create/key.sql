-- The reply that a repeated request gets. No row when the key is known.
-- $4 idempotency key, $5 request hash in hex
kept AS (
    INSERT INTO idempotency_keys (user_id, key, request_hash, task_id, reply)
    SELECT user_id, $4::text, decode($5::text, 'hex'), id, task_json(draft::tasks) FROM draft
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
