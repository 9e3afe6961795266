-- Contacts by id, external id, address key or the beginning of the name, each by its own index. The
-- beginning is a range and no pattern, so that every plan of the statement can use the index; U+10FFFF
-- stands behind every letter.
-- $1 text, $2 the text as an id, $3 keys, $4 only contacts of this agent (or NULL)
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
        AND ($4::uuid IS NULL OR owner_id = $4)
      ORDER BY lower(full_name) USING ~<~, id LIMIT 20)
)
SELECT c.id, c.full_name, o.name AS owner
  FROM found JOIN contacts c ON c.id = found.id LEFT JOIN agents o ON o.id = c.owner_id
 WHERE $4::uuid IS NULL OR c.owner_id = $4
 ORDER BY c.full_name, c.id LIMIT 20
