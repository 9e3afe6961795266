-- What a claim would read of touches that are still to come. Nothing is taken and nothing is locked:
-- the answer is for people to look at, as things stand.
-- $1 contact, $2 touch ids, $3 channels, $4 plan versions, $5 enrolments (NULL of a plan that is
-- still to begin), $6 steps, $7 cycles, $8 due times
SELECT t.id, date_trunc('month', t.due_at)::date AS due_month, 0::int4 AS epoch,
       0::int2 AS attempt, 0::int2 AS failures, t.step, t.cycle, t.due_at,
       entry_against(v.purpose, v.topic, s.channel_event, s.person_event, s.domain_event,
                     s.every_event, s.topic_events) AS entry,
       s.review_id, t.channel, v.purpose::text AS purpose, v.topic, v.key AS plan_key,
       c.id AS contact_id, t.plan_version_id, coalesce(t.enrolment_id, t.id) AS enrolment_id,
       coalesce(e.state::text, 'active') AS enrolment_state,
       c.full_name, c.first_name, c.source, c.locale::text AS locale, c.time_zone, c.country,
       c.state AS region, c.city, c.area, c.closing_date, c.custom, c.preferred_hours,
       c.is_sample, c.owner_id,
       o.name AS owner_name, o.email AS owner_email, o.phone AS owner_phone,
       o.time_zone AS owner_time_zone, o.locale::text AS owner_locale,
       coalesce(a.address_key, p.address_key) AS address_key, a.value AS address,
       CASE t.channel WHEN 'sms' THEN a.sms_problem WHEN 'call' THEN a.call_problem END
           AS address_problem
  FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::int2[], $7::int2[],
              $8::timestamptz[])
       AS t (id, channel, plan_version_id, enrolment_id, step, cycle, due_at)
  JOIN contacts c ON c.id = $1
  JOIN plan_versions v ON v.id = t.plan_version_id
  LEFT JOIN enrolments e ON e.id = t.enrolment_id
  LEFT JOIN agents o ON o.id = c.owner_id
  -- The address a scheduler would choose when the touch is due (claim_due.sql).
  LEFT JOIN LATERAL (
      SELECT x.address_key, x.value, x.sms_problem, x.call_problem FROM addresses x
       WHERE x.contact_id = c.id AND x.kind = address_kind_of(t.channel::channel)
         AND x.kind <> 'person'
       ORDER BY CASE t.channel WHEN 'sms' THEN x.sms_problem IS NOT NULL
                               WHEN 'call' THEN x.call_problem IS NOT NULL
                               ELSE false END,
                x.position, x.id LIMIT 1) a ON true
  JOIN LATERAL (
      SELECT x.address_key FROM addresses x
       WHERE x.contact_id = c.id AND x.kind = 'person' LIMIT 1) p ON true
  LEFT JOIN address_states s
    ON s.address_key = coalesce(a.address_key, p.address_key)
   AND s.channel = CASE WHEN a.address_key IS NULL THEN 'person'
                        ELSE contact_channel_of(t.channel::channel) END
 ORDER BY t.due_at, t.id
