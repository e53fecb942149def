-- Changes a task, and appends its event to the outbox. Gives the task as it stands afterwards, changed or
-- not; no row when there is no such task. "now" among the columns is the time of the transaction.
-- $1 user id, $2 task id, $3 columns, $4 columns that must be so or NULL, $5 versions of which it must
-- have one or NULL, $6 whether it must be in the trash, $7 event
WITH lock AS MATERIALIZED (
    SELECT lock_user($1::text::uuid)
),
before AS MATERIALIZED (
    SELECT t AS task FROM lock, tasks t
    WHERE t.id = $2::text::uuid AND t.user_id = $1::text::uuid
    FOR UPDATE OF t
),
draft AS MATERIALIZED (
    SELECT draft.*
    FROM before, jsonb_populate_record(
        task, $3::text::jsonb || jsonb_build_object('updated_at', now(), 'version', (task).version + 1)
    ) AS draft
    WHERE (task).deleted_at IS NOT NULL = $6::boolean
      AND ($5::text IS NULL OR (task).version = ANY ($5::int[]))
      AND ($4::text IS NULL OR jsonb_populate_record(task, $4::jsonb) = task)
),
after AS (
    UPDATE tasks t SET {assignments}
    FROM draft WHERE t.id = draft.id
    RETURNING t AS task, task_json(t) AS json
),
followed AS MATERIALIZED (
    SELECT a.task, a.json FROM before b, after a, follow_task(b.task, a.task), append_event(
        $7::text::jsonb, (a.task).user_id, (a.task).id, (a.task).id, task_json(b.task), a.json
    )
)
SELECT coalesce(f.json, task_json(b.task))::text, (coalesce(f.task, b.task)).version,
       (coalesce(f.task, b.task)).deleted_at IS NOT NULL,
       to_char((coalesce(f.task, b.task)).occurrence, 'YYYY-MM-DD"T"HH24:MI:SS'),
       (coalesce(f.task, b.task)).series_id IS NOT NULL, f.json IS NOT NULL
FROM before b LEFT JOIN followed f ON true
