-- The roles stay: other databases of the cluster may use them.
REVOKE USAGE ON SCHEMA public FROM taskwhisper_app, taskwhisper_auth, taskwhisper_host;
