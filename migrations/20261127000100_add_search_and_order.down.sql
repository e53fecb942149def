DROP INDEX tasks_user_updated, tasks_user_due_order, tasks_user_completed, tasks_user_priority, tasks_user_title,
    tasks_user_position;
DROP FUNCTION search_rank(text, text), priority_rank(text);
ALTER TABLE tasks
    DROP COLUMN search_title,
    DROP COLUMN search_text,
    DROP COLUMN title_key,
    DROP COLUMN tag_keys,
    DROP COLUMN position,
    DROP COLUMN is_by_assistant;
