-- A completed task that nothing follows yet, with the latest slots of its series.
-- $1 user id, $2 task id
SELECT task_json(t)::text, t.version, to_char(t.occurrence, 'YYYY-MM-DD"T"HH24:MI:SS'),
       coalesce((
           SELECT string_agg(slot, ' ') FROM (
               SELECT to_char(s.occurrence, 'YYYY-MM-DD"T"HH24:MI:SS') AS slot FROM tasks s
               WHERE s.series_id = t.series_id ORDER BY s.occurrence DESC LIMIT 100
           ) latest
       ), '')
FROM tasks t
WHERE t.id = $2::text::uuid AND t.user_id = $1::text::uuid
  AND t.status = 'completed' AND t.deleted_at IS NULL AND t.recurrence_rule IS NOT NULL
  AND NOT EXISTS (SELECT FROM tasks follower WHERE follower.follows_id = t.id)
