-- $1 user id, $2 topics, $3 rows looked at per topic.
-- Among the latest events in the log, else the last one that was recorded for the user: an older
-- cursor than need be only repeats events.
SELECT coalesce(
    (SELECT o.id
     FROM unnest(string_to_array($2, ',')) AS topic, LATERAL (
         SELECT r.id, r.aggregateid, r.xid, r.position
         FROM outbox r
         WHERE r.aggregatetype = topic
           AND r.partition = (hashtextextended($1, 0) & 7)::smallint
         ORDER BY r.xid DESC, r.position DESC
         LIMIT $3
     ) o
     WHERE o.aggregateid = $1
     ORDER BY o.xid DESC, o.position DESC
     LIMIT 1),
    (SELECT a.id FROM audit_log a WHERE a.user_id = $1::text::uuid ORDER BY a.seq DESC LIMIT 1)
)::text
