-- One task with what whoever works it needs. The entry is the one that stands against it now, as the
-- claim of a touch would see it. $1 task, $2 owner (all when NULL), $3 language
SELECT k.id, k.touch_id, k.contact_id, coalesce(c.full_name, '') AS full_name,
       o.name AS owner_name, k.channel::text AS channel, k.title, k.script, k.due_on, k.due_at,
       k.state::text AS state, k.outcome::text AS outcome, k.note, k.closed_by, k.closed_at,
       k.closed_reason,
       v.key AS plan_key, coalesce(v.definition #>> ARRAY['name', $3], v.key) AS plan_name,
       v.lane::text AS lane,
       c.locale::text AS locale, c.level::text AS level, c.contact_group::text AS contact_group,
       c.time_zone, c.state AS region, c.country, c.preferred_hours, c.notes, c.is_sample,
       t.address_key, a.value AS address,
       CASE t.state_channel WHEN 'call' THEN a.call_problem END AS address_problem,
       s.reason::text AS list_reason, s.since AS list_since
  FROM tasks k
  JOIN touches t ON t.id = k.touch_id
  JOIN plan_versions v ON v.id = t.plan_version_id
  LEFT JOIN contacts c ON c.id = k.contact_id
  LEFT JOIN agents o ON o.id = k.owner_id
  LEFT JOIN addresses a ON a.contact_id = k.contact_id AND a.address_key = t.address_key
                       AND a.kind <> 'person'
  LEFT JOIN address_states f ON f.address_key = t.address_key AND f.channel = t.state_channel
  LEFT JOIN LATERAL (
      SELECT x.reason, x.since FROM suppressions x
       WHERE x.event_id = entry_against(v.purpose, v.topic, f.channel_event, f.person_event,
                                        f.domain_event, f.every_event, f.topic_events) LIMIT 1
  ) s ON true
 WHERE k.id = $1 AND ($2::uuid IS NULL OR k.owner_id = $2)
