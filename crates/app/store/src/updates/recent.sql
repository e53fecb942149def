-- $1 user id, $2 topics, $3 rows looked at per topic.
-- The user's events among the latest in the log, newest first; else the last one that was recorded
-- for the user: an older cursor than need be only repeats events.
WITH recent AS MATERIALIZED (
    SELECT o.*
    FROM unnest(string_to_array($2, ',')) AS topic, LATERAL (
        SELECT r.id, r.aggregateid, r.xid, r.position
        FROM outbox r
        WHERE r.aggregatetype = topic
          AND r.partition = (hashtextextended($1, 0) & 7)::smallint
        ORDER BY r.xid DESC, r.position DESC
        LIMIT $3
    ) o
    WHERE o.aggregateid = $1
)
SELECT id FROM (
    SELECT id::text, xid, position FROM recent
    UNION ALL
    (SELECT id::text, NULL, NULL FROM audit_log
     WHERE user_id = $1::text::uuid AND NOT EXISTS (SELECT FROM recent)
     ORDER BY seq DESC LIMIT 1)
) AS found (id, xid, position)
ORDER BY xid DESC, position DESC
