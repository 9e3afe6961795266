-- A contact's touches, the latest due first; of people who were erased without a name.
-- $1 contact, $2 $3 before this due time and id, $4 limit
SELECT t.id, t.contact_id, coalesce(c.full_name, '') AS full_name, t.enrolment_id, v.key AS plan_key,
       t.plan_version_id, t.step, t.cycle, t.channel::text AS channel, t.due_at,
       t.state::text AS state, t.reason, t.attempt, t.doubts, t.sent_at, t.provider_ref
  FROM touches t
  LEFT JOIN contacts c ON c.id = t.contact_id
  JOIN plan_versions v ON v.id = t.plan_version_id
 WHERE t.contact_id = $1 AND (t.due_at, t.id) < ($2, $3)
 ORDER BY t.due_at DESC, t.id DESC LIMIT $4
