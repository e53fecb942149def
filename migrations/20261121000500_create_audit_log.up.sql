-- What happened, in order, for each user. Rows are only ever added; each carries the hash of the
-- one before it, so a changed or removed row shows. No foreign key: the record outlives the user.
CREATE TABLE audit_log (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL,
    -- 1, 2, 3 ... for each user.
    seq         bigint      NOT NULL,
    event_type  text        NOT NULL,
    task_id     uuid,
    source      text        NOT NULL,
    event       jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    prev_hash   bytea       NOT NULL,
    hash        bytea       NOT NULL,
    UNIQUE (user_id, seq)
);
CREATE INDEX audit_log_task ON audit_log (task_id, seq);

-- The end of each user's chain: the row that writers of one chain queue on.
CREATE TABLE audit_chains (
    user_id uuid   PRIMARY KEY,
    seq     bigint NOT NULL,
    hash    bytea  NOT NULL
);

-- sha256 over the previous hash, then id, source and the event's canonical text, each on its line.
CREATE FUNCTION audit_hash(prev_hash bytea, id uuid, source text, event jsonb) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT sha256(prev_hash || convert_to(id::text || E'\n' || source || E'\n' || event::text, 'UTF8'))
$$;

-- Add `[{"source": ..., "event": {...}}, ...]` in order; an event that is there already is left alone.
-- Returns how many were new. A function, because each event must see the row the one before it wrote.
CREATE FUNCTION record_audit(entries jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    entry    jsonb;
    evt      jsonb;
    evt_id   uuid;
    evt_user uuid;
    chain    audit_chains;
    new_hash bytea;
    added    integer := 0;
BEGIN
    FOR entry IN SELECT value FROM jsonb_array_elements(entries) LOOP
        evt := entry -> 'event';
        evt_id := (evt ->> 'event_id')::uuid;
        evt_user := (evt ->> 'user_id')::uuid;
        INSERT INTO audit_chains VALUES (evt_user, 0, ''::bytea) ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT chain FROM audit_chains c WHERE c.user_id = evt_user FOR UPDATE;
        CONTINUE WHEN EXISTS (SELECT FROM audit_log l WHERE l.id = evt_id);
        new_hash := audit_hash(chain.hash, evt_id, entry ->> 'source', evt);
        INSERT INTO audit_log (id, user_id, seq, event_type, task_id, source, event, prev_hash, hash)
        VALUES (evt_id, evt_user, chain.seq + 1, evt ->> 'event_type', (evt ->> 'task_id')::uuid,
                entry ->> 'source', evt, chain.hash, new_hash);
        UPDATE audit_chains c SET seq = chain.seq + 1, hash = new_hash WHERE c.user_id = evt_user;
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
               AND hash = audit_hash(prev_hash, id, source, event)
               AND event ->> 'event_id' = id::text
               AND event ->> 'user_id' = user_id::text
               AND event ->> 'event_type' = event_type
               AND event ->> 'task_id' IS NOT DISTINCT FROM task_id::text AS whole
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
