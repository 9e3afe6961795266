-- What bounced at an address, one row per message, and what arrived there (class NULL).
-- $1 key, $2 channel, $3 the reason for which it may have been on the list, $4 silent since
WITH counted_from AS MATERIALIZED (
    SELECT coalesce(max(e.at), '-infinity') AS at FROM suppression_events e
     WHERE e.address_key = $1 AND e.channel = $2::text::contact_channel AND e.action = 'suppress'
       AND e.reason = $3::text::suppression_reason
)
SELECT b.class, b.advice, b.at FROM (
    SELECT DISTINCT ON (b.message) b.class, b.advice, b.bounced_at AS at
      FROM bounces b, counted_from f
     WHERE b.address_key = $1 AND b.channel = $2::text::contact_channel AND b.recorded_at > f.at
     ORDER BY b.message, b.bounced_at
) b
UNION ALL
SELECT NULL, NULL, d.last_at FROM deliveries d
 WHERE d.address_key = $1 AND d.channel = $2::text::contact_channel
UNION ALL
SELECT NULL, NULL, s.at FROM (
    SELECT max(t.sent_at) AS at
      FROM addresses a JOIN touches t ON t.contact_id = a.contact_id
     WHERE a.address_key = $1 AND t.address_key = $1 AND t.state = 'sent'
       AND t.state_channel = $2::text::contact_channel AND t.sent_at < $4
       AND NOT EXISTS (SELECT FROM bounces b WHERE b.address_key = $1 AND b.touch_id = t.id)
) s WHERE s.at IS NOT NULL
