-- Makes a task, and appends its event to the outbox. No row when the user is gone.
-- $1 user id, $2 columns, $3 event
WITH lock AS MATERIALIZED (
    SELECT lock_user($1::text::uuid)
),
