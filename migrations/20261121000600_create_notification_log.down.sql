DROP TABLE notification_log;
