DROP FUNCTION user_json(users);
DROP TABLE users;
