-- Stores the addresses of imported contacts, in the order given.
-- $1 ids, $2 contacts, $3 kinds, $4 labels, $5 values, $6 keys, $7 positions, $8 sms problems,
-- $9 call problems
WITH given AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[],
                         $7::int2[], $8::text[], $9::text[])
        AS g (id, contact_id, kind, label, value, address_key, position, sms_problem, call_problem)
)
INSERT INTO addresses AS a (id, contact_id, kind, label, value, address_key, position, sms_problem,
                            call_problem)
SELECT DISTINCT ON (contact_id, kind, address_key)
       id, contact_id, kind::address_kind, label, value, address_key, position, sms_problem,
       call_problem
  FROM given ORDER BY contact_id, kind, address_key, position
ON CONFLICT ON CONSTRAINT addresses_contact_key_unique DO UPDATE
   SET label = excluded.label, value = excluded.value, position = excluded.position,
       sms_problem = excluded.sms_problem, call_problem = excluded.call_problem
