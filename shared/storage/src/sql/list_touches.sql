-- Touches as people see them; those of people who were erased have no name.
-- $1 touch, $2 contact, $3 state, $4 channel, $5 plan, $6 limit
SELECT t.id, t.contact_id, coalesce(c.full_name, '') AS full_name, t.enrolment_id, v.key AS plan_key, t.plan_version_id,
       t.step, t.cycle, t.channel::text AS channel, t.due_at, t.state::text AS state, t.reason, t.attempt, t.doubts,
       t.sent_at, t.provider_ref
  FROM touches t
  LEFT JOIN contacts c ON c.id = t.contact_id
  JOIN plan_versions v ON v.id = t.plan_version_id
 WHERE ($1::uuid IS NULL OR t.id = $1)
   AND ($2::uuid IS NULL OR t.contact_id = $2)
   AND ($3::text IS NULL OR t.state = $3::touch_state)
   AND ($4::text IS NULL OR t.channel = $4::channel)
   AND ($5::text IS NULL OR v.key = $5)
 ORDER BY t.due_at, t.id LIMIT $6
