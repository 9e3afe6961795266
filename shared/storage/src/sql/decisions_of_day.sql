-- What was decided about somebody's touches in a span of business time, with what was due in it.
-- $1 contacts, $2 keys of addresses, $3 from, $4 to
WITH mine AS (
    SELECT t.* FROM touches t WHERE t.contact_id = ANY ($1)
    UNION
    -- Who was erased is known by the keyed hash alone: of those who were erased since the hash was put on
    -- the list for it, the touches that went there. Only the months around are read.
    SELECT t.* FROM touches t
     WHERE cardinality($1) = 0 AND t.address_key = ANY ($2)
       AND t.contact_id IN (
           SELECT r.contact_id FROM erasures r
            WHERE r.at >= (SELECT min(e.at) FROM suppression_events e
                            WHERE e.address_key = ANY ($2) AND e.action = 'suppress'
                              AND e.reason = 'erasure'))
       AND t.due_month >= date_trunc('month', $3 - interval '2 months')
       AND t.due_month < date_trunc('month', $4 + interval '2 months')
)
SELECT t.id, t.contact_id, t.enrolment_id, v.key AS plan_key, v.version AS plan_version, t.step,
       t.channel::text AS channel, t.state::text AS state, t.due_at,
       e.at, e.decided_at, e.attempt, e.state::text AS event_state, e.worker, e.reason, e.detail,
       w.key AS template_key, w.version AS template_version
  FROM mine t
  JOIN plan_versions v ON v.id = t.plan_version_id
  LEFT JOIN touch_events e ON e.touch_id = t.id AND e.decided_at >= $3 AND e.decided_at < $4
  LEFT JOIN template_versions w ON w.id = e.template_version_id
 WHERE e.touch_id IS NOT NULL OR (t.due_at >= $3 AND t.due_at < $4)
 ORDER BY coalesce(e.decided_at, t.due_at), t.id, e.at
