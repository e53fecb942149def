-- $1 user id, $2 idempotency key
SELECT encode(request_hash, 'hex'), reply::text, (reply ->> 'version')::int, task_id::text
FROM idempotency_keys WHERE user_id = $1::text::uuid AND key = $2::text
