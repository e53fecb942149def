-- The password was wrong: the account's owner will see it in the audit log.
-- $1 user id, $2 event id, $3 metadata, $4 headers
WITH lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1))
)
INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
SELECT $2::text::uuid, 'audit-events', $1, 'sign_in_failed',
       user_event($2::text::uuid, 'sign_in_failed', $1::uuid, $3::text::jsonb), $4::text::jsonb
FROM lock
