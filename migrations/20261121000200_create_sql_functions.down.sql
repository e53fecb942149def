DROP FUNCTION append_event(jsonb, uuid, uuid, uuid, jsonb, jsonb, jsonb);
DROP FUNCTION lock_user(uuid);
DROP FUNCTION rfc3339(timestamptz);
DROP FUNCTION uuid_v7();
