CREATE TABLE users (
    id            uuid        PRIMARY KEY DEFAULT uuid_v7(),
    email         text        NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    -- PHC string: algorithm, parameters, salt and hash.
    password_hash text        NOT NULL,
    name          text        NOT NULL DEFAULT '' CHECK (char_length(name) <= 200),
    -- IANA name; the default of the user's tasks.
    time_zone     text        NOT NULL DEFAULT 'UTC' CHECK (char_length(time_zone) <= 64),
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

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

GRANT SELECT, INSERT, UPDATE, DELETE ON users, sessions, personal_access_tokens TO taskwhisper_app;
