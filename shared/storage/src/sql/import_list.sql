-- Adds a batch of addresses to the list; what is on it already stays as it is.
-- $1 keys, $2 channels, $3 domain keys, $4 event ids, $5 reason, $6 origin, $7 actor, $8 evidence
WITH given AS MATERIALIZED (
    SELECT DISTINCT ON (g.key, g.channel) g.key, g.channel::contact_channel AS channel,
           g.domain_key, g.event_id
      FROM unnest($1::bytea[], $2::text[], $3::bytea[], $4::uuid[])
           AS g (key, channel, domain_key, event_id)
     ORDER BY g.key, g.channel
),
-- The flag's upsert decides who is new; two imports of the same row cannot both be.
flagged AS (
    INSERT INTO address_states AS s (address_key, channel, domain_key, channel_event)
    SELECT key, channel, domain_key, event_id FROM given
    ON CONFLICT (address_key, channel) DO UPDATE SET channel_event = excluded.channel_event
     WHERE s.channel_event IS NULL
    RETURNING s.address_key, s.channel, s.channel_event
),
entered AS (
    INSERT INTO suppressions (event_id, scope, address_key, channel, reason, origin, since)
    SELECT channel_event, 'channel', address_key, channel, $5::text::suppression_reason,
           $6::text::suppression_origin, clock_timestamp()
      FROM flagged
),
explained AS (
    INSERT INTO suppression_events (id, action, scope, address_key, channel, reason, origin, actor,
                                    evidence)
    SELECT channel_event, 'suppress', 'channel', address_key, channel,
           $5::text::suppression_reason, $6::text::suppression_origin, $7, $8
      FROM flagged
)
SELECT count(DISTINCT address_key) AS added FROM flagged
