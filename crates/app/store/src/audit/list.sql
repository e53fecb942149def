-- Oldest first.
-- $1 user id, $2 limit, $3 seq of the last one of the page before, $4 task id or NULL,
-- $5 event type or NULL
SELECT (l.event || jsonb_build_object('id', l.id, 'hash', encode(l.hash, 'hex')))::text, l.seq
FROM audit_log l
WHERE l.user_id = $1::text::uuid AND l.seq > $3::bigint
  AND ($4::text IS NULL OR l.task_id = $4::uuid) AND ($5::text IS NULL OR l.event_type = $5)
ORDER BY l.seq LIMIT $2::bigint
