REVOKE SELECT, DELETE ON outbox FROM taskwhisper_host;
