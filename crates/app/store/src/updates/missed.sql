-- $1 user id, $2 the cursor's event id, $3 topics, $4 rows looked at per topic, $5 events returned,
-- $6 rows looked at before the cursor, per topic.
-- An event without its value is one the browser knows. A first row without an id: the cursor is
-- not known any more, or there is more than was looked at.
-- A partition holds other users' events too, so what is looked at is bounded, not only what is found.
WITH since AS MATERIALIZED (
    SELECT xid, position FROM outbox WHERE id = $2::text::uuid AND aggregateid = $1
),
scanned AS MATERIALIZED (
    SELECT o.*
    FROM since, unnest(string_to_array($3, ',')) AS topic, LATERAL (
        SELECT r.aggregatetype, r.xid, r.position, r.aggregateid, r.id, r.payload
        FROM outbox r
        WHERE r.aggregatetype = topic
          AND r.partition = (hashtextextended($1, 0) & 7)::smallint
          AND (r.xid, r.position) > (since.xid, since.position)
        ORDER BY r.xid, r.position
        LIMIT $4
    ) o
),
known AS MATERIALIZED (
    SELECT o.*
    FROM since, unnest(string_to_array($3, ',')) AS topic, LATERAL (
        SELECT r.xid, r.position, r.aggregateid, r.id
        FROM outbox r
        WHERE r.aggregatetype = topic
          AND r.partition = (hashtextextended($1, 0) & 7)::smallint
          AND (r.xid, r.position) <= (since.xid, since.position)
        ORDER BY r.xid DESC, r.position DESC
        LIMIT $6
    ) o
)
SELECT id, payload FROM (
    (SELECT id::text, payload::text, xid, position
     FROM scanned WHERE aggregateid = $1 ORDER BY xid, position LIMIT $5)
    UNION ALL
    SELECT id::text, NULL, xid, position FROM known WHERE aggregateid = $1
    UNION ALL
    SELECT NULL, NULL, NULL, NULL
    WHERE NOT EXISTS (SELECT FROM since)
       OR EXISTS (SELECT FROM scanned GROUP BY aggregatetype HAVING count(*) >= $4)
) AS found (id, payload, xid, position)
ORDER BY xid NULLS FIRST, position
