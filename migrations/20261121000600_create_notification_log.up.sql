-- What was sent to whom, by which channel, and what came of it. The unique key makes a delivery
-- happen once for each event and channel, however often the event is handled.
CREATE TABLE notification_log (
    id          uuid        PRIMARY KEY DEFAULT uuid_v7(),
    user_id     uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    task_id     uuid        REFERENCES tasks ON DELETE CASCADE,
    reminder_id uuid,
    event_id    uuid        NOT NULL,
    channel     text        NOT NULL CHECK (channel IN ('in_app', 'email', 'sms', 'web_push', 'webhook')),
    status      text        NOT NULL CHECK (status IN ('sent', 'failed', 'skipped')),
    title       text        NOT NULL,
    -- Why it failed or was skipped.
    detail      text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (event_id, channel)
);
CREATE INDEX notification_log_user ON notification_log (user_id, created_at DESC, id DESC);

GRANT SELECT, INSERT, UPDATE, DELETE ON notification_log TO taskwhisper_app;
