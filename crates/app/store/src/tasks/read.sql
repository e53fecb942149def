-- $1 user id, $2 task id, $3 whether it may be in the trash
SELECT task_json(t)::text, t.version, t.deleted_at IS NOT NULL,
       to_char(t.occurrence, 'YYYY-MM-DD"T"HH24:MI:SS'), t.series_id IS NOT NULL
FROM tasks t
WHERE t.id = $2::text::uuid AND t.user_id = $1::text::uuid AND ($3::boolean OR t.deleted_at IS NULL)
