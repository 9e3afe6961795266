-- Links of the audit log, the newest first.
-- $1 since, $2 until, $3 subjects (none means all), $4 limit, $5 only before this one
WITH events AS (
    -- A whole list is one link without a subject; its rows lead to it.
    SELECT e.id, e.at FROM suppression_events e
     WHERE e.address_key IN (SELECT decode(s.hex, 'hex') FROM unnest($3::text[]) AS s (hex)
                              WHERE s.hex ~ '^[0-9a-f]{64}$')
),
-- Links of lists are recorded soon after their rows.
of_lists AS (
    SELECT a.seq FROM events e
      JOIN audit_log a ON a.recorded_at >= e.at AND a.recorded_at < e.at + interval '5 minutes'
                      AND a.source = 'suppression_events' AND a.row_count > 1
                      AND e.id = ANY (a.row_ids)
)
SELECT a.seq, a.recorded_at, a.source, a.operation::text AS operation, a.row_count,
       CASE WHEN a.row_count = 1 THEN a.row_ids[1] END AS row_id,
       a.action, a.actor, a.login, a.role, a.subject, a.reason, a.occurred_at, a.version
  FROM audit_log a
 WHERE ($1::timestamptz IS NULL OR a.recorded_at >= $1)
   AND ($2::timestamptz IS NULL OR a.recorded_at < $2)
   AND (cardinality($3::text[]) = 0 OR a.subject = ANY ($3)
        OR a.seq IN (SELECT l.seq FROM of_lists l))
   AND ($5::bigint IS NULL OR a.seq < $5)
 ORDER BY a.seq DESC LIMIT $4
