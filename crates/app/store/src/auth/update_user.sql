-- Changes name and time zone; what is NULL stays. No row when the account is gone.
-- $1 user id, $2 name, $3 time zone, $4 event id, $5 metadata, $6 headers
WITH lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1))
),
before AS MATERIALIZED (
    SELECT users.* FROM lock, users WHERE users.id = $1::text::uuid FOR UPDATE OF users
),
account AS (
    UPDATE users SET name = coalesce($2::text, users.name),
                     time_zone = coalesce($3::text, users.time_zone),
                     updated_at = now()
    FROM before WHERE users.id = before.id
    RETURNING users.*
),
event AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
    SELECT $4::text::uuid, 'audit-events', account.id::text, 'user.updated',
           user_event($4::text::uuid, 'user.updated', account.id, $5::text::jsonb || jsonb_build_object(
               'before', jsonb_build_object('name', before.name, 'time_zone', before.time_zone),
               'after', jsonb_build_object('name', account.name, 'time_zone', account.time_zone))),
           $6::text::jsonb
    FROM account, before
)
SELECT user_json(account::users)::text FROM account
