-- event-log: `taskwhisper migrate --event-log` applies this file, too.
-- Group roles: components, the component `auth`, the host. Login roles are made by `taskwhisper
-- provision`, one for each per database, IN these.
-- Roles belong to the cluster, so another database may have made them already, even just now.
-- Only who makes one needs CREATEROLE.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['taskwhisper_app', 'taskwhisper_auth', 'taskwhisper_host'] LOOP
        CONTINUE WHEN to_regrole(role_name) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE insufficient_privilege USING
                    MESSAGE = format('the role %s is missing, and %s may not create roles', role_name, current_user),
                    HINT = format('as a superuser, run ALTER ROLE %I CREATEROLE, or CREATE ROLE %I NOLOGIN', current_user, role_name);
        END;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO taskwhisper_app, taskwhisper_auth, taskwhisper_host;
