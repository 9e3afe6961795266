-- $1 key of an address, $2 the channel a message to it came by. One row.
WITH own AS (
    -- What stands against the address itself, on that channel.
    SELECT s.channel_event IS NOT NULL OR s.person_event IS NOT NULL OR s.domain_event IS NOT NULL
               OR s.every_event IS NOT NULL AS is_stopped,
           s.topic_events
      FROM address_states s
     WHERE s.address_key = $1 AND s.channel = $2::text::contact_channel
),
topics AS (
    -- Of the newest version of each plan.
    SELECT DISTINCT v.topic,
           coalesce((SELECT o.is_stopped OR coalesce(o.topic_events ? v.topic, false) FROM own o),
                    false) AS is_stopped
      FROM plan_versions v
     WHERE v.purpose = 'marketing'
       AND v.version = (SELECT max(w.version) FROM plan_versions w WHERE w.key = v.key)
),
people AS (
    SELECT DISTINCT c.id, c.source, c.locale FROM addresses a JOIN contacts c ON c.id = a.contact_id
     WHERE a.address_key = $1
),
reached AS (
    SELECT a.address_key, k.channel FROM people p JOIN addresses a ON a.contact_id = p.id
      JOIN (VALUES ('email', 'email'), ('phone', 'sms'), ('phone', 'call'), ('postal', 'post'))
           AS k (kind, channel) ON k.kind = a.kind::text
    UNION
    -- An address may be nobody's any more.
    SELECT $1, $2
),
channels AS (
    -- Stopped is a channel on which nobody is reached any more.
    SELECT r.channel,
           bool_and(coalesce(s.channel_event IS NOT NULL OR s.person_event IS NOT NULL
                             OR s.domain_event IS NOT NULL OR s.every_event IS NOT NULL, false))
               AS is_stopped
      FROM reached r
      LEFT JOIN address_states s
        ON s.address_key = r.address_key AND s.channel = r.channel::contact_channel
     GROUP BY r.channel
)
SELECT coalesce((SELECT array_agg(t.topic ORDER BY t.topic) FROM topics t), '{}') AS topics,
       coalesce((SELECT array_agg(t.is_stopped ORDER BY t.topic) FROM topics t), '{}')
           AS topics_stopped,
       coalesce((SELECT array_agg(c.channel ORDER BY c.channel::contact_channel) FROM channels c),
                '{}') AS channels,
       coalesce((SELECT array_agg(c.is_stopped ORDER BY c.channel::contact_channel)
                   FROM channels c), '{}') AS channels_stopped,
       (SELECT min(p.source) FROM people p HAVING count(*) = 1) AS source,
       (SELECT min(p.locale)::text FROM people p HAVING count(DISTINCT p.locale) = 1) AS locale
