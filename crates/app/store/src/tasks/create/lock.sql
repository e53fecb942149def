-- Makes a task: its row, its reminder, its tags and its event. No row when the user is gone.
-- $1 user id, $2 columns, $3 event id, $4 actor, $5 headers
WITH lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1))
),
