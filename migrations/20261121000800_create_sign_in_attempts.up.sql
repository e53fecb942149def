-- Sign-ins tried within a window, counted before the password is looked at, so that guesses sent in
-- parallel count too. A key names a peer, or an account together with a peer.
CREATE TABLE sign_in_attempts (
    key            text        PRIMARY KEY CHECK (char_length(key) <= 400),
    attempts       integer     NOT NULL,
    window_ends_at timestamptz NOT NULL
);
CREATE INDEX sign_in_attempts_window_ends_at ON sign_in_attempts (window_ends_at);

-- The account as its owner sees it.
CREATE FUNCTION user_json(account users) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object(
        'id', account.id,
        'email', account.email,
        'name', account.name,
        'time_zone', account.time_zone,
        'created_at', rfc3339(account.created_at)
    )
$$;

-- The value of an event about an account rather than a task.
CREATE FUNCTION user_event(
    event_id uuid, event_type text, user_id uuid, metadata jsonb
) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object(
        'event_id', event_id,
        'event_type', event_type,
        'user_id', user_id,
        'task_id', NULL,
        'actor', jsonb_build_object('type', 'user', 'id', user_id),
        'task_data', NULL,
        'previous_data', NULL,
        'metadata', metadata,
        'timestamp', rfc3339(now())
    )
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempts TO taskwhisper_app;
