-- Adds a batch of addresses to the list; what is on it already stays as it is.
-- $1 keys, $2 channels, $3 domain keys, $4 event ids, $5 reason, $6 origin, $7 actor, $8 evidence
SELECT suppress_batch($1, $2::text[]::contact_channel[], $3, $4, $5::text::suppression_reason,
                      $6::text::suppression_origin, $7, $8) AS added
