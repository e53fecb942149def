-- Group roles: components, the component `auth`, the host. Login roles are made by `taskwhisper
-- provision`, one for each per database, IN these.
-- Roles belong to the cluster, so another database may have made them already, even just now.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['taskwhisper_app', 'taskwhisper_auth', 'taskwhisper_host'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO taskwhisper_app, taskwhisper_auth, taskwhisper_host;
