-- Takes deliveries that are due. A row is taken by moving its time on: whoever dies leaves it to be
-- taken again.
-- $1 webhooks, $2 how many of each, $3 lease
WITH wanted AS MATERIALIZED (
    SELECT w.id, w.url, r.most
      FROM unnest($1::uuid[], $2::int4[]) AS r (id, most)
      JOIN webhooks w ON w.id = r.id AND w.paused_at IS NULL AND w.removed_at IS NULL
),
taken AS MATERIALIZED (
    SELECT d.webhook_id, d.event_id, w.url
      FROM wanted w
     CROSS JOIN LATERAL (
           SELECT q.webhook_id, q.event_id FROM webhook_queue q
            WHERE q.webhook_id = w.id AND q.due_at <= now()
            ORDER BY q.due_at LIMIT w.most FOR UPDATE SKIP LOCKED) d
),
leased AS (
    UPDATE webhook_queue q
       SET attempt = q.attempt + 1, due_at = clock_timestamp() + $3
      FROM taken t
     WHERE q.webhook_id = t.webhook_id AND q.event_id = t.event_id
    RETURNING q.webhook_id, q.event_id, q.attempt, t.url
)
-- What never changes of a touch stands with the touch: every attempt says the same.
SELECT l.webhook_id, l.event_id, l.attempt, l.url, e.at, e.kind::text AS kind,
       (e.facts || coalesce(t.facts, '{}'))::text AS data,
       ARRAY(SELECT s.sealed FROM webhook_secrets s
              WHERE s.webhook_id = l.webhook_id AND (s.ends_at IS NULL OR s.ends_at > now())
              ORDER BY s.ends_at DESC NULLS FIRST) AS secrets
  FROM leased l
  JOIN webhook_events e ON e.id = l.event_id
  LEFT JOIN LATERAL (
       SELECT jsonb_build_object(
                  'touch', x.id, 'contact', x.contact_id, 'enrolment', x.enrolment_id,
                  'plan', v.key, 'plan_version', v.version, 'step', x.step, 'channel', x.channel)
                  AS facts
         FROM touches x JOIN plan_versions v ON v.id = x.plan_version_id
        WHERE x.id = e.touch_id LIMIT 1) t ON true
 ORDER BY e.at, e.id
