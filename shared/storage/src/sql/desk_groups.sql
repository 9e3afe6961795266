-- What waits on the desk, by cause; the largest group first. Plans are looked up per version and
-- step, not per touch.
-- $1 kinds
WITH steps AS MATERIALIZED (
    SELECT a.kind, a.code, a.detail, a.channel, a.plan_version_id, a.step, count(*) AS count,
           min(a.since) AS first, max(a.since) AS last
      FROM attention_touches a WHERE a.kind = ANY ($1::text[]::attention[])
     GROUP BY 1, 2, 3, 4, 5, 6
), examples AS (
    -- One that waits longest and one that waits shortest, found by their times: ids of all of them
    -- would cost more than everything else here.
    SELECT s.*, o.touch_id AS oldest, n.touch_id AS newest
      FROM steps s
      CROSS JOIN LATERAL (
          SELECT a.touch_id FROM attention_touches a
           WHERE a.since = s.first AND (a.kind, a.code, a.detail, a.channel, a.plan_version_id, a.step)
               = (s.kind, s.code, s.detail, s.channel, s.plan_version_id, s.step)
           LIMIT 1) o
      CROSS JOIN LATERAL (
          SELECT a.touch_id FROM attention_touches a
           WHERE a.since = s.last AND (a.kind, a.code, a.detail, a.channel, a.plan_version_id, a.step)
               = (s.kind, s.code, s.detail, s.channel, s.plan_version_id, s.step)
           LIMIT 1) n
)
SELECT s.kind::text AS kind, s.code, s.detail, s.channel::text AS channel, v.key AS plan_key,
       array_agg(DISTINCT v.definition #>> ARRAY['steps', s.step::text, 'template'])
           FILTER (WHERE v.definition #>> ARRAY['steps', s.step::text, 'template'] IS NOT NULL)
           AS templates,
       sum(s.count)::bigint AS count, min(s.first) AS first, max(s.last) AS last,
       (array_agg(s.newest::text ORDER BY s.last DESC) || array_agg(s.oldest::text ORDER BY s.first))
           AS examples
  FROM examples s JOIN plan_versions v ON v.id = s.plan_version_id
 GROUP BY s.kind, s.code, s.detail, s.channel, v.key
 ORDER BY 7 DESC, 1, 2, 3, 4, 5
