-- How the fleet is, for a page that asks every few seconds: narrow tables alone, and no more than $2
-- rows of those that may grow.
-- $1 business time, $2 rows counted at most
SELECT clock_timestamp() AS at,
       (SELECT jsonb_build_object('waiting', count(*), 'oldest', min(d.due_at))
          FROM (SELECT due_at FROM due_touches WHERE due_at <= $1 ORDER BY due_at LIMIT $2) d) AS due,
       (SELECT coalesce(jsonb_agg(to_jsonb(q) ORDER BY q.medium, q.lane), '[]')
          FROM (SELECT o.medium, o.lane, count(*) AS waiting,
                       count(*) FILTER (WHERE o.published_at IS NULL) AS unconfirmed,
                       min(o.created_at) FILTER (WHERE isfinite(o.created_at)) AS oldest
                  FROM (SELECT * FROM outbox LIMIT $2) o GROUP BY 1, 2) q) AS queues,
       (SELECT jsonb_build_object('count', count(*), 'oldest_lease', min(f.lease_until),
                   'expired', count(*) FILTER (WHERE f.lease_until < clock_timestamp()))
          FROM inflight f) AS in_hand,
       -- Of each kind the newest.
       (SELECT coalesce(jsonb_agg(to_jsonb(w) ORDER BY w.count DESC, w.kind, w.code), '[]')
          FROM (SELECT k.kind, a.code, count(*) AS count
                  FROM unnest(enum_range(NULL::attention)) AS k (kind)
                 CROSS JOIN LATERAL (SELECT x.code FROM attention_touches x
                                      WHERE x.kind = k.kind ORDER BY x.since DESC LIMIT $2) a
                 GROUP BY 1, 2) w) AS desk,
       (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.medium, s.state), '[]')
          FROM (SELECT c.medium, c.state,
                       coalesce(sum(c.count) FILTER (WHERE c.minutes = 60), 0)::bigint AS day,
                       coalesce(sum(c.count) FILTER (WHERE c.minutes = 1), 0)::bigint AS hour,
                       -- Whole minutes alone, and none that is still being counted.
                       coalesce(sum(c.count) FILTER (
                           WHERE c.minutes = 1
                             AND c.since >= date_trunc('minute', p.counted_until) - interval '5 minutes'
                             AND c.since < date_trunc('minute', p.counted_until)), 0)::bigint
                           AS five_minutes
                  FROM state_counts c, count_progress p
                 WHERE c.minutes = 1 AND c.since > now() - interval '1 hour'
                    OR c.minutes = 60 AND c.since > now() - interval '1 day'
                 GROUP BY 1, 2) s) AS activity,
       (SELECT p.counted_until FROM count_progress p) AS counted_until,
       database_facts() AS database
