-- As enter.sql, for a wish that is noted first; one that has been noted before enters nothing.
-- $13 source, $14 message, $15 key, $16 channel, $17 topic, $18 when it was said
WITH noted AS MATERIALIZED (
    SELECT note_wish($13, $14, $15, $16::text::contact_channel, $17, 'stop', $18, $10) AS is_new
),
targets AS MATERIALIZED (
    SELECT t.* FROM noted n
     CROSS JOIN unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::bytea[], $6::text[])
           WITH ORDINALITY AS t (event_id, scope, key, channel, domain_key, topic, place)
     WHERE n.is_new ORDER BY t.place
)
SELECT s.covered_key, s.covered_channel::text AS covered_channel
  FROM targets t
 CROSS JOIN LATERAL
       suppress_received($12, t.event_id, t.scope::suppression_scope, t.key, t.channel::contact_channel,
                t.domain_key, $7::text::suppression_reason, $8::text::suppression_origin, $9, $10,
                $11, t.topic) s
