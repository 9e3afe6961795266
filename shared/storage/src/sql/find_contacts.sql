-- Contacts by id, external id, address key or the beginning of the name, each by its own index (see
-- search_contacts.sql).
-- $1 text, $2 the text as an id, $3 keys
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
