-- A UUIDv7 (RFC 9562): milliseconds since 1970, then random bits. Sorts by time of creation.
-- PostgreSQL has one of its own only from 18 on.
CREATE FUNCTION uuid_v7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(
        set_bit(
            set_bit(
                overlay(
                    uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6
                ),
                52, 1
            ),
            53, 1
        ),
        'hex'
    )::uuid
$$;

-- An instant as RFC 3339 in UTC, as everything outside the database gets it.
CREATE FUNCTION rfc3339(instant timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE STRICT AS $$
    SELECT to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Takes the lock that every write for a user takes before anything else, so that the user's events
-- stand in the log in the order of their commits. A statement's snapshot is older than this lock:
-- see README.md for what a statement may read after it.
CREATE FUNCTION lock_user(user_id uuid) RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(user_id::text, 1))
$$;

-- Appends an event to the log; its id. `event` is what the application says of it (the type
-- `NewEvent` of the crate `events`): event_type, topic, subject_type, change_id, source, and where
-- there are any actor, traceparent and metadata. Without an actor it was the user. `before` and `after` are
-- the subject's JSON, NULL where there is none. The caller holds the user's lock.
CREATE FUNCTION append_event(
    event jsonb, user_id uuid, subject_id uuid, task_id uuid, before jsonb, after jsonb,
    more_metadata jsonb DEFAULT '{}'
) RETURNS uuid
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    event_id uuid := uuid_v7();
BEGIN
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
    VALUES (
        event_id, event ->> 'topic', user_id::text, event ->> 'event_type',
        jsonb_build_object(
            'event_id', event_id,
            'change_id', event -> 'change_id',
            'event_type', event -> 'event_type',
            'user_id', user_id,
            'subject', jsonb_build_object('type', event -> 'subject_type', 'id', subject_id),
            'task_id', task_id,
            'actor', coalesce(event -> 'actor', jsonb_build_object('type', 'user', 'id', user_id)),
            'source', event -> 'source',
            'data', after,
            'previous_data', before,
            'metadata', coalesce(event -> 'metadata', '{}') || more_metadata,
            'timestamp', rfc3339(now())
        ),
        jsonb_strip_nulls(jsonb_build_object(
            'ce_source', event -> 'source',
            'ce_subject', (event ->> 'subject_type') || '/' || subject_id::text,
            'traceparent', event -> 'traceparent'
        ))
    );
    RETURN event_id;
END
$$;
