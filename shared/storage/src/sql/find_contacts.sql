-- Contacts by id, external id, address key or the beginning of the name.
-- $1 text, $2 the text as an id, $3 keys
SELECT c.id, c.external_id, c.full_name, c.first_name, c.locale::text AS locale, c.time_zone,
       c.country, c.state, c.city, c.area, c.contact_group::text AS contact_group,
       c.status::text AS status, c.level::text AS level, c.contact_type, c.source,
       o.name AS owner_name, c.birthday, c.spouse_birthday, c.closing_date, c.notes, c.custom
  FROM contacts c LEFT JOIN agents o ON o.id = c.owner_id
 WHERE c.id = $2 OR c.external_id = $1
    OR c.id IN (SELECT a.contact_id FROM addresses a WHERE a.address_key = ANY ($3))
    OR (length($1) >= 2 AND c.full_name ILIKE replace(replace($1, '%', '\%'), '_', '\_') || '%')
 ORDER BY c.full_name, c.id LIMIT 20
