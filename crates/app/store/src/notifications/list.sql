-- Newest first.
-- $1 user id, $2 limit, $3 and $4 time and id of the last one of the page before, or NULL
SELECT jsonb_build_object(
    'id', n.id, 'event_id', n.event_id, 'channel', n.channel, 'status', n.status, 'title', n.title,
    'detail', n.detail, 'task_id', n.task_id, 'reminder_id', n.reminder_id,
    'created_at', rfc3339(n.created_at)
)::text, rfc3339(n.created_at), n.id::text
FROM notification_log n
WHERE n.user_id = $1::text::uuid
  AND ($3::text IS NULL OR (n.created_at, n.id) < ($3::timestamptz, $4::text::uuid))
ORDER BY n.created_at DESC, n.id DESC LIMIT $2::bigint
