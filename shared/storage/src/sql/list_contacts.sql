-- Contacts in the order of names. {filters} are conditions on `c`; the text is empty and there are no
-- keys. What they leave is found in an index alone, and only what is shown is read: `full_name` stands
-- in the indexes for that. $1 text, $2 keys, $3 limit, $4 owner, $5 group, $6 level, $7 source, $8 name
-- and $9 id of the last
WITH shown AS MATERIALIZED (
    SELECT c.id FROM contacts c
     WHERE {filters} AND $1::text = '' AND cardinality($2::bytea[]) = 0
     ORDER BY lower(c.full_name) COLLATE "C", c.id LIMIT $3
)
SELECT c.id, c.full_name, lower(c.full_name) AS sort_name, c.locale::text AS locale,
       c.contact_group::text AS contact_group, c.level::text AS level, c.source,
       o.name AS owner_name, c.city, c.country, c.is_sample
  FROM shown s JOIN contacts c ON c.id = s.id LEFT JOIN agents o ON o.id = c.owner_id
 ORDER BY lower(c.full_name) COLLATE "C", c.id
