-- Entries of every scope and bulk imports beside one another.
--
-- An entry for a person or a domain raises the flags of many rows, and so does a batch. Both lock
-- them in the same order (key, channel), so that none waits for the other in a circle.

-- Adds an entry and raises its flags. From the commit on nothing new is claimed; what was claimed
-- before is drained by the caller (storage::suppressions), outside any transaction.
-- Returns the keys and channels covered.
CREATE OR REPLACE FUNCTION suppress(
    event_id uuid, entry_scope suppression_scope, entry_key bytea, entry_channel contact_channel,
    entry_domain_key bytea, entry_reason suppression_reason, entry_origin suppression_origin,
    entry_actor text, entry_evidence text, entry_touch uuid,
    entry_topic text DEFAULT NULL, entry_expires timestamptz DEFAULT NULL
) RETURNS TABLE (covered_key bytea, covered_channel contact_channel)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    known uuid;
    entry uuid;
    every uuid;
    ending timestamptz := entry_expires;
BEGIN
    IF entry_scope IN ('person', 'domain') THEN
        PERFORM pg_advisory_xact_lock(inheritance_lock());
    END IF;
    IF ending IS NULL AND entry_origin <> 'recipient' THEN
        ending := clock_timestamp() + make_interval(days => term_days(entry_reason));
    END IF;
    -- An equal entry in force is enough; it is locked, so that a lift at this moment waits and
    -- leaves no flag without an entry.
    SELECT s.event_id INTO known FROM suppressions s
      WHERE s.scope = entry_scope AND s.address_key = entry_key
        AND s.channel IS NOT DISTINCT FROM entry_channel
        AND s.topic IS NOT DISTINCT FROM entry_topic
        AND s.reason = entry_reason AND s.origin = entry_origin
      ORDER BY s.since LIMIT 1 FOR NO KEY UPDATE;
    INSERT INTO suppression_events (id, action, scope, address_key, channel, topic, reason, origin,
                                    actor, evidence, touch_id, of_event, expires_at)
    VALUES (event_id, 'suppress', entry_scope, entry_key, entry_channel, entry_topic, entry_reason,
            entry_origin, entry_actor, entry_evidence, entry_touch, known, ending);
    IF known IS NULL THEN
        INSERT INTO suppressions (event_id, scope, address_key, channel, topic, reason, origin,
                                  since, expires_at)
        VALUES (event_id, entry_scope, entry_key, entry_channel, entry_topic, entry_reason,
                entry_origin, clock_timestamp(), ending);
    ELSE
        -- Asked again, it ends later.
        UPDATE suppressions s
           SET expires_at = CASE WHEN ending IS NOT NULL THEN greatest(s.expires_at, ending) END
         WHERE s.event_id = known AND s.expires_at IS NOT NULL;
    END IF;
    entry := coalesce(known, event_id);
    every := CASE WHEN blocks_every_purpose(entry_reason, entry_channel) THEN entry END;
    IF entry_topic IS NOT NULL THEN
        RETURN QUERY WITH raised AS (
            INSERT INTO address_states AS s (address_key, channel, domain_key, topic_events)
            VALUES (entry_key, entry_channel, entry_domain_key,
                    jsonb_build_object(entry_topic, entry))
            ON CONFLICT (address_key, channel) DO UPDATE
               SET topic_events = excluded.topic_events || coalesce(s.topic_events, '{}')
            RETURNING s.address_key, s.channel),
        noted AS (INSERT INTO list_effects (event_id, address_key, channel)
                  SELECT suppress.event_id, r.address_key, r.channel FROM raised r
                   WHERE EXISTS (SELECT FROM addresses a WHERE a.address_key = r.address_key))
        SELECT r.address_key, r.channel FROM raised r;
    ELSIF entry_scope = 'channel' THEN
        RETURN QUERY WITH raised AS (
            INSERT INTO address_states AS s
                   (address_key, channel, domain_key, channel_event, every_event)
            VALUES (entry_key, entry_channel, entry_domain_key, entry, every)
            ON CONFLICT (address_key, channel) DO UPDATE
               SET channel_event = coalesce(s.channel_event, excluded.channel_event),
                   every_event = coalesce(s.every_event, excluded.every_event)
            RETURNING s.address_key, s.channel),
        noted AS (INSERT INTO list_effects (event_id, address_key, channel)
                  SELECT suppress.event_id, r.address_key, r.channel FROM raised r
                   WHERE EXISTS (SELECT FROM addresses a WHERE a.address_key = r.address_key))
        SELECT r.address_key, r.channel FROM raised r;
    ELSIF entry_scope = 'person' THEN
        INSERT INTO address_states (address_key, channel)
        VALUES (entry_key, 'person') ON CONFLICT DO NOTHING;
        PERFORM 1 FROM address_states s
          WHERE s.address_key IN
                (SELECT a.address_key FROM addresses a
                  WHERE a.contact_id IN (SELECT p.contact_id FROM addresses p
                                          WHERE p.address_key = entry_key AND p.kind = 'person')
                 UNION SELECT entry_key)
          ORDER BY s.address_key, s.channel FOR NO KEY UPDATE;
        RETURN QUERY WITH raised AS (
            UPDATE address_states s
               SET person_event = coalesce(s.person_event, entry),
                   every_event = coalesce(s.every_event, every)
             WHERE s.address_key IN
                   (SELECT a.address_key FROM addresses a
                     WHERE a.contact_id IN (SELECT p.contact_id FROM addresses p
                                             WHERE p.address_key = entry_key AND p.kind = 'person')
                    UNION SELECT entry_key)
            RETURNING s.address_key, s.channel),
        noted AS (INSERT INTO list_effects (event_id, address_key, channel)
                  SELECT suppress.event_id, r.address_key, r.channel FROM raised r
                   WHERE EXISTS (SELECT FROM addresses a WHERE a.address_key = r.address_key))
        SELECT r.address_key, r.channel FROM raised r;
    ELSE
        PERFORM 1 FROM address_states s
          WHERE s.domain_key = entry_key AND s.channel = 'email'
          ORDER BY s.address_key, s.channel FOR NO KEY UPDATE;
        RETURN QUERY WITH raised AS (
            UPDATE address_states s
               SET domain_event = coalesce(s.domain_event, entry),
                   every_event = coalesce(s.every_event, every)
             WHERE s.domain_key = entry_key AND s.channel = 'email'
            RETURNING s.address_key, s.channel),
        noted AS (INSERT INTO list_effects (event_id, address_key, channel)
                  SELECT suppress.event_id, r.address_key, r.channel FROM raised r
                   WHERE EXISTS (SELECT FROM addresses a WHERE a.address_key = r.address_key))
        SELECT r.address_key, r.channel FROM raised r;
    END IF;
END $$;

-- Adds a batch of addresses; what is on the list already, and stops as much, stays as it is, and is
-- not even locked, so that the same file again writes nothing and holds up no claim. Parallel arrays.
-- Returns how many addresses were added on at least one channel.
CREATE OR REPLACE FUNCTION suppress_batch(
    keys bytea[], channels contact_channel[], domain_keys bytea[], event_ids uuid[],
    entry_reason suppression_reason, entry_origin suppression_origin, entry_actor text,
    entry_evidence text
) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH given AS MATERIALIZED (
        SELECT DISTINCT ON (g.key, g.channel) g.key, g.channel, g.domain_key, g.event_id,
               CASE WHEN blocks_every_purpose(entry_reason, g.channel) THEN g.event_id END AS every,
               CASE WHEN entry_origin <> 'recipient'
                    THEN clock_timestamp() + make_interval(days => term_days(entry_reason)) END
                    AS ending
          FROM batch_rows(keys, channels, domain_keys, event_ids) g
         ORDER BY g.key, g.channel
    ),
    -- The flag's upsert decides who is new; two imports of the same row cannot both be. Most rows of
    -- most files are new, and cost least when they are tried at once.
    added AS (
        INSERT INTO address_states (address_key, channel, domain_key, channel_event, every_event)
        SELECT key, channel, domain_key, event_id, every FROM given
        ON CONFLICT (address_key, channel) DO NOTHING
        RETURNING address_key, channel
    ),
    -- What was there before: what this statement's snapshot does not show may lack the flag, too.
    there AS MATERIALIZED (
        SELECT g.* FROM given g
         WHERE NOT EXISTS (SELECT FROM added a
                            WHERE a.address_key = g.key AND a.channel = g.channel)
           -- One look into the index each: the planner would rather read the whole table.
           AND (SELECT s.channel_event IS NULL OR (s.every_event IS NULL AND g.every IS NOT NULL)
                  FROM address_states s
                 WHERE s.address_key = g.key AND s.channel = g.channel) IS NOT FALSE
         ORDER BY g.key, g.channel
    ),
    raised AS (
        INSERT INTO address_states AS s (address_key, channel, domain_key, channel_event, every_event)
        SELECT key, channel, domain_key, event_id, every FROM there
        ON CONFLICT (address_key, channel) DO UPDATE
           SET channel_event = coalesce(s.channel_event, excluded.channel_event),
               every_event = coalesce(s.every_event, excluded.every_event)
         WHERE s.channel_event IS NULL OR (s.every_event IS NULL AND excluded.every_event IS NOT NULL)
        RETURNING s.address_key, s.channel
    ),
    fresh AS MATERIALIZED (
        SELECT g.* FROM given g
          JOIN (SELECT * FROM added UNION ALL SELECT * FROM raised) f
            ON g.key = f.address_key AND g.channel = f.channel
    ),
    entered AS (
        INSERT INTO suppressions (event_id, scope, address_key, channel, reason, origin, since,
                                  expires_at)
        SELECT event_id, 'channel', key, channel, entry_reason, entry_origin, clock_timestamp(),
               ending
          FROM fresh
    ),
    explained AS (
        INSERT INTO suppression_events (id, action, scope, address_key, channel, reason, origin,
                                        actor, evidence, expires_at)
        SELECT event_id, 'suppress', 'channel', key, channel, entry_reason, entry_origin,
               entry_actor, entry_evidence, ending
          FROM fresh
    ),
    noted AS (
        INSERT INTO list_effects (event_id, address_key, channel)
        SELECT event_id, key, channel FROM fresh f
         WHERE (SELECT true FROM addresses a WHERE a.address_key = f.key LIMIT 1)
    )
    SELECT count(DISTINCT key) FROM fresh
$$;
