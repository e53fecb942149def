REVOKE INSERT ON outbox FROM taskwhisper_host;
ALTER TABLE dead_letters DROP COLUMN redriven_at;
