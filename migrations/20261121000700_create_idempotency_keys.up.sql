-- The reply to a write that came with an Idempotency-Key, stored in the statement that made it.
CREATE TABLE idempotency_keys (
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    key          text        NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    -- sha256 of the request: the same key with another request is refused.
    request_hash bytea       NOT NULL,
    task_id      uuid        NOT NULL,
    reply        jsonb       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (user_id, created_at);

GRANT SELECT, INSERT, DELETE ON idempotency_keys TO taskwhisper_app;
