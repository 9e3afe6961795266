-- Whole contacts with their addresses: those whose ids {found} selects, as many as a person looks through.
SELECT c.id, c.external_id, c.full_name, c.first_name, c.locale::text AS locale, c.time_zone,
       c.country, c.state, c.city, c.area, c.contact_group::text AS contact_group,
       c.status::text AS status, c.level::text AS level, c.contact_type, c.source,
       c.owner_id, o.name AS owner_name, c.birthday, c.spouse_birthday, c.closing_date, c.notes, c.custom,
       c.preferred_hours, c.is_sample,
       (SELECT jsonb_agg(jsonb_build_object(
                   'kind', a.kind, 'label', a.label, 'value', a.value,
                   'key', encode(a.address_key, 'hex'), 'sms_problem', a.sms_problem,
                   'call_problem', a.call_problem) ORDER BY a.kind, a.position, a.id)
          FROM addresses a WHERE a.contact_id = c.id) AS addresses
  FROM ({found}) f JOIN contacts c ON c.id = f.id LEFT JOIN agents o ON o.id = c.owner_id
 ORDER BY c.full_name, c.id LIMIT 20
