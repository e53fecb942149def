-- The secrets of accounts: password hashes, sessions, access tokens, sign-ins tried. Only the component
-- `auth` is a member of the role that may read them.
CREATE TABLE passwords (
    user_id    uuid        PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- PHC string: algorithm, parameters, salt and hash.
    hash       text        NOT NULL CHECK (char_length(hash) BETWEEN 1 AND 500),
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- One row for each refresh token ever given out; the tokens of one sign-in are a family.
-- A token that was rotated already and comes again was stolen: its family is revoked.
CREATE TABLE sessions (
    id                 uuid        PRIMARY KEY DEFAULT uuid_v7(),
    family             uuid        NOT NULL,
    user_id            uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    refresh_token_hash bytea       NOT NULL UNIQUE,
    user_agent         text        CHECK (char_length(user_agent) <= 500),
    created_at         timestamptz NOT NULL DEFAULT now(),
    rotated_at         timestamptz,
    expires_at         timestamptz NOT NULL,
    revoked_at         timestamptz
);
CREATE INDEX sessions_family ON sessions (family);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Ends the sessions of a family, or all of the user's where it is NULL; how many. A function, so that
-- it sees the sessions that began while its statement waited for the user's lock.
CREATE FUNCTION end_sessions(of_user uuid, of_family uuid) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    ended bigint;
BEGIN
    UPDATE sessions s SET revoked_at = now()
    WHERE s.user_id = of_user AND (of_family IS NULL OR s.family = of_family) AND s.revoked_at IS NULL;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END
$$;

CREATE TABLE personal_access_tokens (
    id           uuid        PRIMARY KEY DEFAULT uuid_v7(),
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    name         text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    token_hash   bytea       NOT NULL UNIQUE,
    scopes       text[]      NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at   timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX personal_access_tokens_user ON personal_access_tokens (user_id);

-- Sign-ins tried within a window, counted before the password is looked at, so that guesses sent in
-- parallel count too. A key names a peer, or an account together with a peer.
CREATE TABLE sign_in_attempts (
    key            text        PRIMARY KEY CHECK (char_length(key) <= 400),
    attempts       integer     NOT NULL,
    window_ends_at timestamptz NOT NULL
);
CREATE INDEX sign_in_attempts_window_ends_at ON sign_in_attempts (window_ends_at);

GRANT SELECT, INSERT, UPDATE, DELETE
    ON users, passwords, sessions, personal_access_tokens, sign_in_attempts TO taskwhisper_auth;
GRANT INSERT ON outbox TO taskwhisper_auth;
