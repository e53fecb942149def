DROP TABLE sign_in_attempts;
DROP TABLE personal_access_tokens;
DROP FUNCTION end_sessions(uuid, uuid);
DROP TABLE sessions;
DROP TABLE passwords;
REVOKE INSERT ON outbox FROM taskwhisper_auth;
REVOKE SELECT, INSERT, UPDATE, DELETE ON users FROM taskwhisper_auth;
