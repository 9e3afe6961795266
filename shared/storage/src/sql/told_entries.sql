-- Entries in force with their stories; a condition and an order follow.
SELECT s.event_id, s.scope::text AS scope, s.address_key, s.channel::text AS channel,
       s.reason::text AS reason, s.origin::text AS origin, s.since, s.topic, s.expires_at,
       made.actor, made.evidence,
       whose.id AS contact_id, whose.full_name,
       wish.at AS asked_at, wish.actor AS asked_by, wish.note AS asked_why,
       wish.evidence AS asked_on
  FROM suppressions s
  -- Who made it, and on what.
  LEFT JOIN suppression_events made ON made.id = s.event_id
  -- Whose it is: the oldest contact with the address. Of a domain nobody is the one.
  LEFT JOIN LATERAL (
      SELECT c.id, c.full_name FROM addresses a JOIN contacts c ON c.id = a.contact_id
       WHERE a.address_key = s.address_key AND s.scope <> 'domain'
       ORDER BY a.id LIMIT 1) whose ON true
  -- The newest wish to lift it.
  LEFT JOIN LATERAL (
      SELECT r.at, r.actor, r.note, r.evidence FROM suppression_events r
       WHERE r.of_event = s.event_id AND r.action = 'lift_request'
       ORDER BY r.at DESC LIMIT 1) wish ON true
