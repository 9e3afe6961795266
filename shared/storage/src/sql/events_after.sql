-- What has just been recorded, with the touch it belongs to as it was then.
-- $1 after, $2 limit
SELECT e.at, e.decided_at, e.attempt, e.state::text AS state, e.worker, e.reason, e.provider_ref,
       e.detail, NULL::text AS template_key, NULL::int4 AS template_version,
       t.id, t.contact_id, c.full_name, v.key AS plan_key, t.plan_version_id, t.step, t.cycle,
       t.channel::text AS channel, t.due_at, t.doubts, t.sent_at, t.enrolment_id
  FROM touch_events e
  JOIN touches t ON t.id = e.touch_id
  JOIN contacts c ON c.id = t.contact_id
  JOIN plan_versions v ON v.id = t.plan_version_id
 WHERE e.at > $1
 ORDER BY e.at LIMIT $2
