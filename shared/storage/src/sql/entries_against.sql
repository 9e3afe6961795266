-- The entries in force that cover addresses: their own, their domains', those of their people.
-- $1 keys, $2 domain keys (or NULL)
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS a (key, domain_key, n)
),
wanted AS MATERIALIZED (
    SELECT n, key FROM asked
    UNION ALL
    SELECT n, domain_key FROM asked WHERE domain_key IS NOT NULL
    UNION
    SELECT a.n, p.address_key FROM asked a
      JOIN addresses o ON o.address_key = a.key
      JOIN addresses p ON p.contact_id = o.contact_id AND p.kind = 'person'
)
SELECT w.n, s.event_id, s.scope::text AS scope, s.address_key, s.channel::text AS channel,
       s.reason::text AS reason, s.origin::text AS origin, s.since, s.topic, s.expires_at
  FROM wanted w JOIN suppressions s ON s.address_key = w.key
 ORDER BY w.n, s.since
