-- What search, filters and orders compare. The application makes these of what people wrote
-- (`domain::text`), so that every server finds and sorts the same, without extensions or locales.
ALTER TABLE tasks
    -- What a search looks through: the folded title, and the folded tags and description, a line each. It
    -- scans the tasks of one user: for a thousand that takes a millisecond, an index by trigrams as long,
    -- and would double the cost of writing a task.
    ADD COLUMN search_title    text    NOT NULL DEFAULT '',
    ADD COLUMN search_text     text    NOT NULL DEFAULT '',
    ADD COLUMN title_key       text    COLLATE "C" NOT NULL DEFAULT '',
    -- The keys of `tags`, by which tags are equal.
    ADD COLUMN tag_keys        text[]  NOT NULL DEFAULT '{}',
    -- The place in the order that people make: a fractional index, ordered by bytes.
    ADD COLUMN position        text    COLLATE "C" NOT NULL DEFAULT 'a0',
    -- Whether the assistant made it or was the last to change it.
    ADD COLUMN is_by_assistant boolean NOT NULL DEFAULT false;

-- Reading compressed texts is half of the time of a scan.
ALTER TABLE tasks ALTER COLUMN search_text SET STORAGE EXTERNAL;

CREATE FUNCTION priority_rank(priority text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT array_position(ARRAY['low', 'medium', 'high', 'urgent'], priority)
$$;

-- How well a folded word was found, less being better; as `domain::text::search_rank` says.
CREATE FUNCTION search_rank(title text, word text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN starts_with(title, word) THEN 0
        WHEN strpos(title, ' ' || word) > 0 THEN 1
        WHEN strpos(title, word) > 0 THEN 2
        ELSE 3
    END
$$;

CREATE INDEX tasks_user_updated ON tasks (user_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_user_due_order ON tasks (user_id, (coalesce(due_at, 'infinity'::timestamptz)), id)
    WHERE deleted_at IS NULL;
CREATE INDEX tasks_user_completed ON tasks (user_id, (coalesce(completed_at, '-infinity'::timestamptz)), id)
    WHERE deleted_at IS NULL;
CREATE INDEX tasks_user_priority ON tasks (user_id, priority_rank(priority), id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_user_title ON tasks (user_id, title_key, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_user_position ON tasks (user_id, position, id) WHERE deleted_at IS NULL;
