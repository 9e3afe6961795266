-- The stored contact of each imported row: by external id, else by phone, else by email.
-- $1 external ids, $2 phone keys, $3 email keys, $4 beginning of the import, $5 whether of the
-- sample: a row of a file is never one of its people, nor they a contact of somebody's
SELECT k.id, k.digest, coalesce(k.updated_at >= $4, false) AS of_this_import
  FROM unnest($1::text[], $2::bytea[], $3::bytea[]) WITH ORDINALITY
       AS given (external_id, phone_key, email_key, n)
  LEFT JOIN LATERAL (
      SELECT c.id, c.digest, c.updated_at FROM (
          SELECT c.id, 1 AS rank FROM contacts c WHERE c.external_id = given.external_id
          UNION ALL
          SELECT a.contact_id, 2 FROM addresses a
           WHERE a.address_key = given.phone_key AND a.kind = 'phone'
          UNION ALL
          SELECT a.contact_id, 3 FROM addresses a
           WHERE a.address_key = given.email_key AND a.kind = 'email'
      ) found JOIN contacts c ON c.id = found.id AND c.is_sample = $5
      -- Two external ids are two people, even at one address (a couple).
      WHERE found.rank = 1 OR c.external_id IS NULL OR given.external_id IS NULL
         OR c.external_id = given.external_id
      ORDER BY found.rank, c.id LIMIT 1
  ) k ON true
 ORDER BY given.n
