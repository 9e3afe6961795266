-- Puts the addresses of known contacts behind those an import is about to store. A statement of its
-- own, which an import of new people never runs: joined to the insert, it would be planned while
-- the table is empty and read all of it for every batch until the next ANALYZE.
-- $1 contacts
UPDATE addresses SET position = least(position + 100, 30000)
 WHERE contact_id = ANY ($1) AND kind <> 'person'
