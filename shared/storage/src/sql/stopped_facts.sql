-- As planning_facts.sql, for enrolments whose touch the list has cancelled, with the channels on which
-- it stops their plan. The choice of the address is that of claim_due.
-- $1 enrolment ids, $2 why, one for each
SELECT e.id, e.contact_id, e.plan_version_id, e.starts_on, e.cycle, e.planned_steps,
       c.birthday, c.spouse_birthday, c.closing_date, c.country, c.time_zone, g.reason,
       ARRAY(SELECT k.channel::text
               FROM unnest(enum_range(NULL::channel)) AS k (channel)
               LEFT JOIN LATERAL (
                   SELECT x.address_key FROM addresses x
                    WHERE x.contact_id = e.contact_id AND x.kind = address_kind_of(k.channel)
                      AND x.kind <> 'person'
                    ORDER BY CASE k.channel WHEN 'sms' THEN x.sms_problem IS NOT NULL
                                            WHEN 'call' THEN x.call_problem IS NOT NULL
                                            ELSE false END,
                             x.position, x.id LIMIT 1) a ON true
               JOIN address_states s
                 ON s.address_key = coalesce(a.address_key, p.address_key)
                AND s.channel = CASE WHEN a.address_key IS NULL THEN 'person'
                                     ELSE contact_channel_of(k.channel) END
              WHERE entry_against(v.purpose, v.topic, s.channel_event, s.person_event,
                                  s.domain_event, s.every_event, s.topic_events) IS NOT NULL
       ) AS stopped
  FROM (SELECT DISTINCT ON (u.id) u.id, u.reason FROM unnest($1::uuid[], $2::text[]) AS u (id, reason)
         ORDER BY u.id, u.reason) g
  JOIN enrolments e ON e.id = g.id AND e.state = 'active'
  JOIN contacts c ON c.id = e.contact_id
  JOIN plan_versions v ON v.id = e.plan_version_id
  JOIN LATERAL (SELECT x.address_key FROM addresses x
                 WHERE x.contact_id = e.contact_id AND x.kind = 'person' LIMIT 1) p ON true
