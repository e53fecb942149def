-- The task is this one's next occurrence: fields that are not given are its. No row when it is not
-- completed any more or not at the version read.
-- $4 its id, $5 its version
model AS MATERIALIZED (
    SELECT t AS task FROM lock, tasks t
    WHERE t.id = $4::text::uuid AND t.user_id = $1::text::uuid AND t.version = $5::int
      AND t.status = 'completed' AND t.deleted_at IS NULL
    FOR UPDATE OF t
),
