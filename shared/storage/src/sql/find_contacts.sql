-- Contacts by id, external id, address key or the beginning of the name, each by its own index (see
-- search_contacts.sql).
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
        AND lower(full_name) ~>=~ lower($1)
        AND lower(full_name) ~<~ (lower($1) || chr(1114111))
      ORDER BY lower(full_name) USING ~<~, id LIMIT 20)
)
SELECT c.id, c.external_id, c.full_name, c.first_name, c.locale::text AS locale, c.time_zone,
       c.country, c.state, c.city, c.area, c.contact_group::text AS contact_group,
       c.status::text AS status, c.level::text AS level, c.contact_type, c.source,
       c.owner_id, o.name AS owner_name, c.birthday, c.spouse_birthday, c.closing_date, c.notes, c.custom,
       c.preferred_hours
  FROM found JOIN contacts c ON c.id = found.id LEFT JOIN agents o ON o.id = c.owner_id
 ORDER BY c.full_name, c.id LIMIT 20
