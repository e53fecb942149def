DROP FUNCTION rfc3339(timestamptz);
DROP FUNCTION uuid_v7();
