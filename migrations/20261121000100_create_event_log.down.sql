DROP TABLE cron_ticks;
DROP TABLE dead_letters;
DROP TABLE log_leases;
DROP TABLE log_members;
DROP TABLE log_positions;
DROP TABLE outbox;
