-- What templates may know about a contact and the agent who owns it.
-- $1 contact
SELECT c.id AS contact_id, c.full_name, c.first_name, c.source, c.locale::text AS locale, c.time_zone,
       c.country, c.state AS region, c.city, c.area, c.closing_date, c.custom, c.is_sample,
       c.owner_id,
       o.name AS owner_name, o.email AS owner_email, o.phone AS owner_phone,
       o.time_zone AS owner_time_zone, o.locale::text AS owner_locale
  FROM contacts c LEFT JOIN agents o ON o.id = c.owner_id
 WHERE c.id = $1
