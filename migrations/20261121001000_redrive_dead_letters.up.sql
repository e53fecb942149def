-- event-log: `taskwhisper migrate --event-log` applies this file, too.
-- Dead letters can be redriven: their record goes back into the log, and they say when.
ALTER TABLE dead_letters ADD COLUMN redriven_at timestamptz;

GRANT INSERT ON outbox TO taskwhisper_host;
