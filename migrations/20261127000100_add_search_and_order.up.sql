-- What search, filters and orders compare. The application makes these of what people wrote
-- (`domain::text`), so that every server finds and sorts the same, without extensions or locales.
ALTER TABLE tasks
    -- Folded title, tags and description, a line each. A user's tasks are scanned for it: no index.
    ADD COLUMN search_text     text    NOT NULL DEFAULT '',
    ADD COLUMN title_key       text    COLLATE "C" NOT NULL DEFAULT '',
    -- The keys of `tags`, by which tags are equal.
    ADD COLUMN tag_keys        text[]  NOT NULL DEFAULT '{}',
    -- The place in the order that people make: a fractional index, ordered by bytes.
    ADD COLUMN position        text    COLLATE "C" NOT NULL DEFAULT 'a0',
    -- Whether the assistant made it or was the last to change it.
    ADD COLUMN is_by_assistant boolean NOT NULL DEFAULT false;

CREATE FUNCTION priority_rank(priority text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT array_position(ARRAY['low', 'medium', 'high', 'urgent'], priority)
$$;

-- How well folded words were found, less being better; as `domain::text::search_rank` says.
CREATE FUNCTION search_rank(search_text text, words text[]) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(sum(
        CASE
            WHEN starts_with(title, word) THEN 0
            WHEN strpos(title, ' ' || word) > 0 THEN 1
            WHEN strpos(title, word) > 0 THEN 2
            WHEN strpos(rest, ' ' || word) > 0 OR strpos(rest, E'\n' || word) > 0 THEN 3
            ELSE 4
        END
    ), 0)::integer
    FROM unnest(words) AS word,
         split_part(search_text, E'\n', 1) AS title,
         substr(search_text, length(title) + 1) AS rest
$$;

CREATE INDEX tasks_user_updated ON tasks (user_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_user_due_order ON tasks (user_id, (coalesce(due_at, 'infinity'::timestamptz)), id)
    WHERE deleted_at IS NULL;
CREATE INDEX tasks_user_completed ON tasks (user_id, (coalesce(completed_at, '-infinity'::timestamptz)), id)
    WHERE deleted_at IS NULL;
CREATE INDEX tasks_user_priority ON tasks (user_id, priority_rank(priority), id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_user_title ON tasks (user_id, title_key, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_user_position ON tasks (user_id, position, id) WHERE deleted_at IS NULL;
