-- event-log: `taskwhisper migrate --event-log` applies this file, too.
-- The event log: `outbox` is an ordered log read by consumer groups. Columns follow the Debezium
-- outbox event router (aggregatetype = topic, aggregateid = key).
--
-- Order. A reader follows (xid, position) and reads only below the oldest transaction still
-- running (pg_snapshot_xmin), so no row that commits late is skipped. Writers take
-- pg_advisory_xact_lock for the key BEFORE their first write (before they get an xid), so for one
-- key the order of xids is the order of commits.
CREATE TABLE outbox (
    position      bigint      GENERATED ALWAYS AS IDENTITY,
    xid           xid8        NOT NULL DEFAULT pg_current_xact_id(),
    id            uuid        NOT NULL,
    aggregatetype text        NOT NULL CHECK (length(aggregatetype) BETWEEN 1 AND 249),
    aggregateid   text        NOT NULL CHECK (length(aggregateid) BETWEEN 1 AND 255),
    type          text        NOT NULL CHECK (length(type) BETWEEN 1 AND 255),
    payload       jsonb       NOT NULL,
    headers       jsonb       NOT NULL DEFAULT '{}',
    partition     smallint    NOT NULL GENERATED ALWAYS AS ((hashtextextended(aggregateid, 0) & 7)::smallint) STORED,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (aggregatetype, partition, xid, position)
);

CREATE UNIQUE INDEX outbox_id ON outbox (id);

-- Where each consumer group stands, and which of its members owns the partition. `epoch` grows
-- with every change of owner: an owner that was replaced without noticing cannot move the position.
CREATE TABLE log_positions (
    consumer_group text        NOT NULL CHECK (length(consumer_group) BETWEEN 1 AND 255),
    topic          text        NOT NULL CHECK (length(topic) BETWEEN 1 AND 249),
    partition      smallint    NOT NULL,
    xid            xid8        NOT NULL,
    position       bigint      NOT NULL,
    owner          uuid,
    epoch          bigint      NOT NULL DEFAULT 0,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer_group, topic, partition)
) WITH (fillfactor = 50);

-- The live members of each group. `presence` is the key of an advisory lock that the member's
-- process holds: it is gone the moment the process is, long before `expires_at`.
CREATE TABLE log_members (
    consumer_group text        NOT NULL,
    member         uuid        NOT NULL,
    topics         text[]      NOT NULL,
    presence       integer     NOT NULL,
    expires_at     timestamptz NOT NULL,
    PRIMARY KEY (consumer_group, member)
) WITH (fillfactor = 50);

-- Things that one process at a time may do, by name.
CREATE TABLE log_leases (
    name       text        PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
    owner      uuid        NOT NULL,
    presence   integer     NOT NULL,
    epoch      bigint      NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Records a handler gave up on. `topic` is where the record was read, `dead_letter_topic` the name
-- under which it is kept.
CREATE TABLE dead_letters (
    id                bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dead_letter_topic text        NOT NULL,
    consumer_group    text        NOT NULL,
    handler           text        NOT NULL,
    reason            text        NOT NULL,
    attempts          integer     NOT NULL,
    topic             text        NOT NULL,
    partition         smallint    NOT NULL,
    "offset"          bigint      NOT NULL,
    record_id         uuid        NOT NULL,
    record_timestamp  timestamptz NOT NULL,
    key               text,
    value             jsonb,
    headers           jsonb       NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    -- When its record was put back into the log.
    redriven_at       timestamptz,
    UNIQUE (consumer_group, topic, partition, "offset")
);

-- The last tick of each cron job that was dealt with: what a job missed while no host ran.
CREATE TABLE cron_ticks (
    name       text        PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
    last_tick  timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Components append events and read what their users missed. The host reads and prunes the log, and
-- puts back the record of a dead letter.
GRANT SELECT, INSERT ON outbox TO taskwhisper_app;
GRANT SELECT, INSERT, DELETE ON outbox TO taskwhisper_host;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON log_positions, log_members, log_leases, dead_letters, cron_ticks TO taskwhisper_host;
