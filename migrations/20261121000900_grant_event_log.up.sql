-- event-log: `taskwhisper migrate --event-log` applies this file, too.
-- What the host may do on the event log: read it, prune it, keep its own books.
GRANT SELECT, DELETE ON outbox TO taskwhisper_host;
