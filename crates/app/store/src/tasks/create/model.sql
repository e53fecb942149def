-- The task is this one's next occurrence: fields that are not given are its. No row when it is not
-- completed any more or not at the version read.
-- $6 its id, $7 its version
model AS MATERIALIZED (
    SELECT t AS task FROM lock, tasks t
    WHERE t.id = $6::text::uuid AND t.user_id = $1::text::uuid AND t.version = $7::int
      AND t.status = 'completed' AND t.deleted_at IS NULL
    FOR UPDATE OF t
),
