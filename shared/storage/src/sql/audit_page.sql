-- A page of the chain, each link with the text its hash is made of.
-- $1 after this link, $2 up to this one, $3 links at most, $4 rows they speak of until it is full
WITH page AS MATERIALIZED (
    SELECT a.seq, sum(a.row_count) OVER (ORDER BY a.seq) - a.row_count AS before_it
      FROM (SELECT l.seq, l.row_count FROM audit_log l
             WHERE l.seq > $1 AND l.seq <= $2 ORDER BY l.seq LIMIT $3) a
)
SELECT a.seq, a.source, a.operation::text AS operation, a.row_count, a.digest, a.hash,
       CASE WHEN a.operation = 'seal' THEN a.row_marks END AS row_marks, a.range_from, a.range_to,
       jsonb_strip_nulls(to_jsonb(a) - 'hash')::text AS canonical
  FROM page p JOIN audit_log a ON a.seq = p.seq
 WHERE p.before_it < $4
 ORDER BY a.seq
