-- Makes an entry for each target.
-- $1 events, $2 scopes, $3 keys, $4 channels, $5 domain keys, $6 topics; $7 reason, $8 origin, $9 actor,
-- $10 evidence, $11 touch, $12 when the request reached us
SELECT s.covered_key, s.covered_channel::text AS covered_channel
  FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::bytea[], $6::text[])
       AS t (event_id, scope, key, channel, domain_key, topic)
 CROSS JOIN LATERAL
       suppress_received($12, t.event_id, t.scope::suppression_scope, t.key, t.channel::contact_channel,
                t.domain_key, $7::text::suppression_reason, $8::text::suppression_origin, $9, $10,
                $11, t.topic) s
