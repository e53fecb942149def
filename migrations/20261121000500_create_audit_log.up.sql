-- What happened, in order, for each user. Rows are only ever added; each carries the hash of the
-- one before it, so a changed or removed row shows. No foreign key: the record outlives the user.
CREATE TABLE audit_log (
    id           uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL,
    -- 1, 2, 3 ... for each user.
    seq          bigint      NOT NULL,
    event_type   text        NOT NULL,
    -- The same for all that one request changed.
    change_id    uuid        NOT NULL,
    subject_type text        NOT NULL,
    subject_id   uuid        NOT NULL,
    task_id      uuid,
    source       text        NOT NULL,
    event        jsonb       NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    prev_hash    bytea       NOT NULL,
    hash         bytea       NOT NULL,
    UNIQUE (user_id, seq)
);
CREATE INDEX audit_log_task ON audit_log (task_id, seq);

-- The end of each user's chain: the row that writers of one chain queue on.
CREATE TABLE audit_chains (
    user_id uuid   PRIMARY KEY,
    seq     bigint NOT NULL,
    hash    bytea  NOT NULL
);

-- sha256 over the previous hash, then the event's id and canonical text, each on its line.
CREATE FUNCTION audit_hash(prev_hash bytea, id uuid, event jsonb) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT sha256(prev_hash || convert_to(id::text || E'\n' || event::text, 'UTF8'))
$$;

-- Adds events to their users' chains in order, all or none; one that is there already is left alone.
-- Returns how many were new. A function, because each event must see the row the one before it wrote.
CREATE FUNCTION record_audit(events jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    event       jsonb;
    event_id    uuid;
    event_user  uuid;
    chain       audit_chains;
    new_hash    bytea;
    added       integer := 0;
BEGIN
    -- Every call takes the chains it needs in one order, whatever the order of its events: two calls
    -- that take them in different orders would wait for each other.
    FOR event_user IN
        SELECT DISTINCT (value ->> 'user_id')::uuid AS id FROM jsonb_array_elements(events) ORDER BY id
    LOOP
        INSERT INTO audit_chains VALUES (event_user, 0, ''::bytea) ON CONFLICT DO NOTHING;
        PERFORM FROM audit_chains c WHERE c.user_id = event_user FOR UPDATE;
    END LOOP;
    FOR event IN SELECT value FROM jsonb_array_elements(events) LOOP
        event_id := event ->> 'event_id';
        CONTINUE WHEN EXISTS (SELECT FROM audit_log l WHERE l.id = event_id);
        event_user := event ->> 'user_id';
        SELECT * INTO STRICT chain FROM audit_chains c WHERE c.user_id = event_user;
        new_hash := audit_hash(chain.hash, event_id, event);
        INSERT INTO audit_log (
            id, user_id, seq, event_type, change_id, subject_type, subject_id, task_id, source, event,
            prev_hash, hash
        )
        VALUES (
            event_id, event_user, chain.seq + 1, event ->> 'event_type', (event ->> 'change_id')::uuid,
            event -> 'subject' ->> 'type', (event -> 'subject' ->> 'id')::uuid, (event ->> 'task_id')::uuid,
            event ->> 'source', event, chain.hash, new_hash
        );
        UPDATE audit_chains c SET seq = chain.seq + 1, hash = new_hash WHERE c.user_id = event_user;
        added := added + 1;
    END LOOP;
    RETURN added;
END
$$;

-- The first entry of a user's chain that was changed, or stands where one was removed; NULL when
-- the chain is whole. A cut-off end shows against audit_chains.
CREATE FUNCTION audit_chain_broken_at(chain_user uuid) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT min(seq) FROM (
        SELECT seq,
               seq = row_number() OVER w
               AND prev_hash = coalesce(lag(hash) OVER w, ''::bytea)
               AND hash = audit_hash(prev_hash, id, event)
               AND event ->> 'event_id' = id::text
               AND event ->> 'user_id' = user_id::text
               AND event ->> 'event_type' = event_type
               AND event ->> 'change_id' = change_id::text
               AND event -> 'subject' = jsonb_build_object('type', subject_type, 'id', subject_id)
               AND event ->> 'task_id' IS NOT DISTINCT FROM task_id::text
               AND event ->> 'source' = source AS whole
        FROM audit_log WHERE user_id = chain_user
        WINDOW w AS (ORDER BY seq)
        UNION ALL
        SELECT c.seq, (SELECT l.hash FROM audit_log l WHERE l.user_id = chain_user AND l.seq = c.seq) = c.hash IS TRUE
        FROM audit_chains c WHERE c.user_id = chain_user AND c.seq > 0
    ) links WHERE NOT whole
$$;

-- No UPDATE, no DELETE: the application can add to the record and never change it.
GRANT SELECT, INSERT ON audit_log TO taskwhisper_app;
GRANT SELECT, INSERT, UPDATE ON audit_chains TO taskwhisper_app;
