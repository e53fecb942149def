-- Accounts as everyone may see them. What proves that somebody is the user stands apart, in
-- create_credentials.
CREATE TABLE users (
    id         uuid        PRIMARY KEY DEFAULT uuid_v7(),
    email      text        NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    name       text        NOT NULL DEFAULT '' CHECK (char_length(name) <= 200),
    -- IANA name; the default of the user's tasks.
    time_zone  text        NOT NULL DEFAULT 'UTC' CHECK (char_length(time_zone) <= 64),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

-- The account as its owner and events see it.
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

-- Accounts are made and changed by the component `auth` alone.
GRANT SELECT ON users TO taskwhisper_app;
