-- Contacts by id, external id, address key or the beginning of the name. Each way has its own
-- index; only the name reads all contacts, and only when there is a text to look for.
-- $1 text, $2 the text as an id, $3 keys
WITH found AS (
    SELECT id FROM contacts WHERE id = $2
    UNION
    SELECT id FROM contacts WHERE external_id = $1
    UNION
    SELECT contact_id FROM addresses WHERE address_key = ANY ($3)
    UNION
    (SELECT id FROM contacts
      WHERE length($1) >= 2
        AND full_name ILIKE replace(replace($1, '%', '\%'), '_', '\_') || '%'
      ORDER BY full_name, id LIMIT 20)
)
SELECT c.id, c.external_id, c.full_name, c.first_name, c.locale::text AS locale, c.time_zone,
       c.country, c.state, c.city, c.area, c.contact_group::text AS contact_group,
       c.status::text AS status, c.level::text AS level, c.contact_type, c.source,
       o.name AS owner_name, c.birthday, c.spouse_birthday, c.closing_date, c.notes, c.custom,
       c.preferred_hours
  FROM found JOIN contacts c ON c.id = found.id LEFT JOIN agents o ON o.id = c.owner_id
 ORDER BY c.full_name, c.id LIMIT 20
