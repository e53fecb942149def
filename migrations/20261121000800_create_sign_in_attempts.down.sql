DROP FUNCTION user_event(uuid, text, uuid, jsonb);
DROP FUNCTION user_json(users);
DROP TABLE sign_in_attempts;
