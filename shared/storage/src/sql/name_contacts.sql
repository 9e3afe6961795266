-- Contacts by id, external id, address key, or the beginning of the name, of its last word or of an
-- email address; in the order of names. {filters} are conditions on `c`.
-- $1 text, $2 keys, $3 limit, $4 owner, $5 group, $6 level, $7 source, $8 name and $9 id of the last,
-- $10 the text as an id
WITH found AS (
    SELECT id FROM contacts WHERE id = $10
    UNION
    SELECT id FROM contacts WHERE external_id = $1
    UNION
    SELECT contact_id FROM addresses WHERE address_key = ANY ($2)
    UNION
    (SELECT c.id FROM contacts c
      WHERE lower(c.full_name) COLLATE "C" >= lower($1)
        AND lower(c.full_name) COLLATE "C" < lower($1) || chr(1114111)
        AND {filters}
      ORDER BY lower(c.full_name) COLLATE "C", c.id LIMIT $3)
    UNION
    -- Of a whole last name, in order.
    (SELECT c.id FROM contacts c
      WHERE lower(substring(c.full_name FROM '[^ ]+$')) COLLATE "C" = lower($1) AND {filters}
      ORDER BY lower(c.full_name) COLLATE "C", c.id LIMIT $3)
    UNION
    -- Of its beginning there can be too many to be sorted; whoever types on finds the rest.
    (SELECT c.id FROM contacts c
      WHERE lower(substring(c.full_name FROM '[^ ]+$')) COLLATE "C" > lower($1)
        AND lower(substring(c.full_name FROM '[^ ]+$')) COLLATE "C" < lower($1) || chr(1114111)
        AND length($1) >= 3 AND {filters}
      ORDER BY lower(substring(c.full_name FROM '[^ ]+$')) COLLATE "C" LIMIT 500)
    UNION
    (SELECT a.contact_id FROM addresses a
      WHERE a.kind = 'email' AND length($1) >= 3
        AND lower(a.value) COLLATE "C" >= lower($1)
        AND lower(a.value) COLLATE "C" < lower($1) || chr(1114111)
      ORDER BY lower(a.value) COLLATE "C" LIMIT 200)
)
SELECT c.id, c.full_name, lower(c.full_name) AS sort_name, c.locale::text AS locale,
       c.contact_group::text AS contact_group, c.level::text AS level, c.source,
       o.name AS owner_name, c.city, c.country, c.is_sample
  FROM found f JOIN contacts c ON c.id = f.id LEFT JOIN agents o ON o.id = c.owner_id
 WHERE {filters}
 ORDER BY lower(c.full_name) COLLATE "C", c.id LIMIT $3
