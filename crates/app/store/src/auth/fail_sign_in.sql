-- The password was wrong: appends the event to the outbox, so that the account's owner sees it in the
-- audit log.
-- $1 user id, $2 event
WITH lock AS MATERIALIZED (
    SELECT lock_user($1::text::uuid)
)
SELECT append_event($2::text::jsonb, $1::uuid, $1::uuid, NULL, NULL, NULL)::text FROM lock
