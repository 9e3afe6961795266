-- The list, complete (compliance.md SUP-06 … SUP-27): purposes and topics, entries that end, lifting
-- by compliance alone and by two people, quarantine, and the work an entry leaves for the scheduler.
--
-- What a reason means stands in domain::suppression and here; a test holds both together. The words
-- added to enums cannot be used in the transaction that adds them, hence `topic IS NOT NULL` and
-- `NOT IN`.

ALTER TYPE suppression_scope ADD VALUE 'topic';
ALTER TYPE suppression_action ADD VALUE 'lift_request';
CREATE TYPE purpose AS ENUM ('marketing', 'transactional', 'legal');
CREATE TYPE list_reading AS ENUM ('export', 'export_clear', 'scrub');

-- What a reason means.

CREATE FUNCTION blocks_every_purpose(reason suppression_reason, channel contact_channel)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT reason IN ('staff_entry', 'complaint', 'hard_bounce', 'soft_bounce_limit',
                      'provider_suppressed', 'invalid_address', 'reassigned_number', 'erasure',
                      'legal_hold', 'deceased')
        OR (reason IN ('reply_keyword', 'reply_freetext') AND coalesce(channel = 'sms', false))
$$;
CREATE FUNCTION is_of_recipient(reason suppression_reason) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT reason IN ('one_click', 'unsubscribe_link', 'preference_page', 'reply_keyword',
                      'reply_freetext', 'voice_request', 'email_request', 'postal_request',
                      'complaint', 'gdpr_objection', 'do_not_mail')
$$;
CREATE FUNCTION may_expire(reason suppression_reason) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT NOT is_of_recipient(reason) AND reason NOT IN ('erasure', 'deceased')
$$;
CREATE FUNCTION term_days(reason suppression_reason) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN reason IN ('soft_bounce_limit', 'provider_suppressed') THEN 90 END
$$;
CREATE FUNCTION needs_two_people(reason suppression_reason) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT reason IN ('complaint', 'voice_request', 'reply_keyword', 'reply_freetext',
                      'email_request', 'postal_request')
$$;

-- UUIDv7 (RFC 9562): 48 bits of milliseconds, then random; the version is set by two bits more than
-- gen_random_uuid sets.
CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(set_bit(set_bit(overlay(
        uuid_send(gen_random_uuid()) PLACING
        substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

-- The truth, and the entries in force.

ALTER TABLE suppression_events
    ADD COLUMN topic text,
    ADD COLUMN expires_at timestamptz,
    -- Of a lift and its request: why, in words.
    ADD COLUMN note text,
    -- Who was logged in to the database, whatever `actor` says.
    ADD COLUMN login text,
    DROP CONSTRAINT suppression_events_channel_scope,
    DROP CONSTRAINT suppression_events_lift_evidence,
    DROP CONSTRAINT suppression_events_drained,
    ADD CONSTRAINT suppression_events_channel_scope
        CHECK ((scope NOT IN ('person', 'domain')) = (channel IS NOT NULL)),
    ADD CONSTRAINT suppression_events_topic_scope
        CHECK ((scope NOT IN ('channel', 'person', 'domain')) = (topic IS NOT NULL)),
    ADD CONSTRAINT suppression_events_topic_word CHECK (topic ~ '^[a-z][a-z0-9_]{0,31}$'),
    -- What stops everything cannot be about one topic.
    ADD CONSTRAINT suppression_events_topic_reason
        CHECK (topic IS NULL OR reason IS NULL OR NOT blocks_every_purpose(reason, channel)),
    ADD CONSTRAINT suppression_events_never_expire CHECK (expires_at IS NULL OR reason IS NULL
        OR (may_expire(reason) AND origin <> 'recipient')),
    -- `of_event` is what a `drained` completes, a `lift` ends, a `lift_request` wants to end, and
    -- the entry in force that a `suppress` repeats.
    ADD CONSTRAINT suppression_events_drained CHECK (action <> 'drained' OR of_event IS NOT NULL);
ALTER TABLE suppression_events ADD CONSTRAINT suppression_events_lift_explained
    CHECK (action IN ('suppress', 'drained')
           OR (coalesce(evidence, '') ~ '\S' AND coalesce(note, '') ~ '\S' AND actor ~ '\S'
               AND of_event IS NOT NULL)) NOT VALID;
ALTER TABLE suppression_events ALTER COLUMN login SET DEFAULT session_user;

ALTER TABLE suppressions
    ADD COLUMN topic text,
    ADD COLUMN expires_at timestamptz,
    ADD CONSTRAINT suppressions_never_expire
        CHECK (expires_at IS NULL OR (may_expire(reason) AND origin <> 'recipient'));
CREATE INDEX suppressions_expiry ON suppressions (expires_at) WHERE expires_at IS NOT NULL;

-- The flags on the locked row: which entry stops marketing, by scope; which stops every purpose; and
-- which stop a topic: {"topic": "event"}.
ALTER TABLE address_states
    ADD COLUMN every_event uuid,
    ADD COLUMN topic_events jsonb;
CREATE INDEX address_states_person ON address_states (person_event) WHERE person_event IS NOT NULL;

ALTER TABLE plan_versions
    ADD COLUMN purpose purpose NOT NULL GENERATED ALWAYS AS
        (CASE definition ->> 'purpose' WHEN 'transactional' THEN 'transactional'::purpose
                                       WHEN 'legal' THEN 'legal'::purpose
                                       ELSE 'marketing'::purpose END) STORED,
    ADD COLUMN topic text NOT NULL GENERATED ALWAYS AS
        (coalesce(definition ->> 'topic', 'general')) STORED;

-- The entry that stops a message, given the flags of its row; the most restrictive wins.
CREATE FUNCTION entry_against(
    purpose purpose, topic text, channel_event uuid, person_event uuid, domain_event uuid,
    every_event uuid, topic_events jsonb
) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN purpose = 'marketing'
                THEN coalesce(channel_event, person_event, domain_event, every_event,
                              (topic_events ->> topic)::uuid)
                ELSE every_event END
$$;

-- What an entry leaves to be done: the touches it covers are cancelled and the tasks closed by a
-- scheduler (take_effects.sql). Only for addresses that a contact has.
CREATE TABLE list_effects (
    event_id    uuid NOT NULL,
    address_key bytea NOT NULL,
    channel     contact_channel NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (event_id, address_key, channel)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);

ALTER TABLE tasks
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN closed_reason text;
CREATE INDEX tasks_contact ON tasks (contact_id) WHERE state = 'open';

-- Who read the list out.
CREATE TABLE list_readings (
    id       uuid PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind     list_reading NOT NULL,
    actor    text NOT NULL CHECK (actor ~ '\S'),
    login    text NOT NULL DEFAULT session_user,
    -- Why, or for whom.
    note     text NOT NULL CHECK (note ~ '\S'),
    entries  bigint NOT NULL
);
CREATE TRIGGER list_readings_append_only BEFORE UPDATE OR DELETE ON list_readings
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER list_readings_no_truncate BEFORE TRUNCATE ON list_readings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Rows of a list that are no address, by the keyed hash of their text; and the same of contacts. A
-- contact with such a text is held: as a person, until compliance lifts it (compliance.md SUP-21).
CREATE TABLE quarantined_rows (
    raw_key  bytea PRIMARY KEY CHECK (octet_length(raw_key) = 32),
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason   suppression_reason NOT NULL,
    actor    text NOT NULL,
    evidence text NOT NULL
);
CREATE TABLE unreadable_addresses (
    contact_id uuid NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    raw_key    bytea NOT NULL CHECK (octet_length(raw_key) = 32),
    PRIMARY KEY (contact_id, raw_key)
);
CREATE INDEX unreadable_addresses_key ON unreadable_addresses (raw_key);

-- Makes sure that a row exists for each address and that it inherits person and domain entries.
-- Parallel arrays; person_keys[i] is the key of the person the address belongs to.
DROP FUNCTION ensure_address_states;
CREATE FUNCTION ensure_address_states(
    keys bytea[], channels contact_channel[], domain_keys bytea[], person_keys bytea[]
) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT pg_advisory_xact_lock_shared(inheritance_lock());
    INSERT INTO address_states AS s
           (address_key, channel, domain_key, person_event, domain_event, every_event)
    SELECT DISTINCT ON (a.key, a.channel) a.key, a.channel, a.domain_key,
           f.person_event, f.domain_event, f.every_event
      FROM unnest(keys, channels, domain_keys, person_keys)
           AS a (key, channel, domain_key, person_key)
     CROSS JOIN LATERAL (
           SELECT (array_agg(e.event_id ORDER BY e.since)
                       FILTER (WHERE e.scope = 'person'))[1] AS person_event,
                  (array_agg(e.event_id ORDER BY e.since)
                       FILTER (WHERE e.scope = 'domain'))[1] AS domain_event,
                  (array_agg(e.event_id ORDER BY e.since)
                       FILTER (WHERE blocks_every_purpose(e.reason, NULL)))[1] AS every_event
             FROM suppressions e
            WHERE e.scope IN ('person', 'domain') AND e.address_key IN (a.person_key, a.domain_key)
     ) f
     ORDER BY a.key, a.channel
    ON CONFLICT (address_key, channel) DO UPDATE
       SET person_event = coalesce(s.person_event, excluded.person_event),
           domain_event = coalesce(s.domain_event, excluded.domain_event),
           every_event  = coalesce(s.every_event, excluded.every_event),
           domain_key   = coalesce(s.domain_key, excluded.domain_key)
     WHERE (excluded.person_event IS NOT NULL AND s.person_event IS NULL)
        OR (excluded.domain_event IS NOT NULL AND s.domain_event IS NULL)
        OR (excluded.every_event IS NOT NULL AND s.every_event IS NULL)
        OR (excluded.domain_key IS NOT NULL AND s.domain_key IS NULL)
$$;

DROP FUNCTION suppress;

-- Adds an entry and raises its flags. From the commit on nothing new is claimed; what was claimed
-- before is drained by the caller (storage::suppressions), outside any transaction.
-- Returns the keys and channels covered.
CREATE FUNCTION suppress(
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
        -- In the order in which batches lock them, too, so that none waits for the other in a circle.
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
        -- In the same order, as above.
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

-- The rows of a batch, side by side. VOLATILE, so that it is not inlined and the planner believes its
-- ROWS: with the ten rows it expects of an array it would join by nested loops.
CREATE FUNCTION batch_rows(
    keys bytea[], channels contact_channel[], domain_keys bytea[], event_ids uuid[]
) RETURNS TABLE (key bytea, channel contact_channel, domain_key bytea, event_id uuid)
LANGUAGE sql VOLATILE ROWS 10000 AS $$
    SELECT * FROM unnest(keys, channels, domain_keys, event_ids)
$$;

-- Adds a batch of addresses; what is on the list already, and stops as much, stays as it is, and is
-- not even locked, so that the same file again writes nothing and holds up no claim. Parallel arrays.
-- Returns how many addresses were added on at least one channel.
CREATE FUNCTION suppress_batch(
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
    -- What was there before: what this statement's snapshot does not show may lack the flag, too. It is
    -- locked in the order of keys after everything new, and waits only for others who are as far.
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

-- Notes that nothing to what an entry covers was in flight any more.
CREATE FUNCTION note_drained(drained_id uuid, entry uuid, by_actor text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO suppression_events
           (id, action, scope, address_key, channel, topic, origin, actor, of_event)
    SELECT drained_id, 'drained', e.scope, e.address_key, e.channel, e.topic, 'system', by_actor, e.id
      FROM suppression_events e WHERE e.id = entry AND e.action = 'suppress'
$$;

-- The flags of one row, worked out from the entries in force. A flag of a person whose contact is
-- gone, or has another address now, stays while its entry does.
CREATE FUNCTION flags_of(
    own_key bytea, own_channel contact_channel, own_domain bytea, own_person_event uuid
) RETURNS TABLE (channel_event uuid, person_event uuid, domain_event uuid, every_event uuid,
                 topic_events jsonb)
LANGUAGE sql STABLE AS $$
    WITH people AS (
        SELECT p.address_key FROM addresses a
          JOIN addresses p ON p.contact_id = a.contact_id AND p.kind = 'person'
         WHERE a.address_key = own_key
        UNION SELECT own_key
    ),
    against AS (
        SELECT s.* FROM suppressions s
         WHERE s.address_key = own_key AND s.channel = own_channel
        UNION
        SELECT s.* FROM suppressions s
         WHERE s.scope = 'person' AND s.address_key IN (SELECT p.address_key FROM people p)
        UNION
        SELECT s.* FROM suppressions s
         WHERE s.scope = 'domain' AND s.address_key = own_domain AND own_channel = 'email'
        UNION
        SELECT s.* FROM suppressions s WHERE s.event_id = own_person_event
    )
    SELECT (array_agg(s.event_id ORDER BY s.since, s.event_id) FILTER (WHERE s.scope = 'channel'))[1],
           (array_agg(s.event_id ORDER BY s.since, s.event_id) FILTER (WHERE s.scope = 'person'))[1],
           (array_agg(s.event_id ORDER BY s.since, s.event_id) FILTER (WHERE s.scope = 'domain'))[1],
           (array_agg(s.event_id ORDER BY s.since, s.event_id)
                FILTER (WHERE blocks_every_purpose(s.reason, s.channel)))[1],
           jsonb_object_agg(s.topic, s.event_id) FILTER (WHERE s.topic IS NOT NULL)
      FROM against s
$$;

-- Ends entries, each with an event of its own, and works out the flags of the rows they covered.
-- Entries first, rows second, flags last, each in a statement of its own: whatever another
-- transaction has entered meanwhile is either seen by the last one, or waits for the rows and raises
-- its flag after us.
CREATE FUNCTION end_entries(
    chosen uuid[], by_origin suppression_origin, by_actor text, why text, proof text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    ended uuid[];
    row_keys bytea[];
    row_channels contact_channel[];
BEGIN
    PERFORM pg_advisory_xact_lock(inheritance_lock());
    WITH gone AS (
        DELETE FROM suppressions s WHERE s.event_id = ANY (chosen) RETURNING s.event_id)
    SELECT array_agg(g.event_id) INTO ended FROM gone g;
    IF ended IS NULL THEN
        RETURN 0;
    END IF;
    INSERT INTO suppression_events (id, action, scope, address_key, channel, topic, origin, actor,
                                    evidence, note, of_event)
    SELECT uuid_v7(), 'lift', e.scope, e.address_key, e.channel, e.topic, by_origin, by_actor, proof,
           why, e.id
      FROM suppression_events e WHERE e.id = ANY (ended);
    WITH covered AS (
        SELECT s.address_key, s.channel FROM suppression_events e
          JOIN address_states s ON s.address_key = e.address_key AND s.channel = e.channel
         WHERE e.id = ANY (ended) AND e.channel IS NOT NULL
        UNION
        SELECT s.address_key, s.channel FROM suppression_events e
          JOIN address_states s ON s.domain_key = e.address_key
         WHERE e.id = ANY (ended) AND e.scope = 'domain'
        UNION
        SELECT s.address_key, s.channel FROM suppression_events e
          JOIN addresses p ON p.address_key = e.address_key AND p.kind = 'person'
          JOIN addresses a ON a.contact_id = p.contact_id
          JOIN address_states s ON s.address_key = a.address_key
         WHERE e.id = ANY (ended) AND e.scope = 'person'
        UNION
        SELECT s.address_key, s.channel FROM address_states s WHERE s.person_event = ANY (ended)
    )
    SELECT array_agg(c.address_key), array_agg(c.channel) INTO row_keys, row_channels FROM covered c;
    PERFORM 1 FROM address_states s
       JOIN unnest(row_keys, row_channels) AS r (key, channel)
         ON s.address_key = r.key AND s.channel = r.channel
      ORDER BY s.address_key, s.channel FOR NO KEY UPDATE OF s;
    UPDATE address_states s
       SET channel_event = f.channel_event, person_event = f.person_event,
           domain_event = f.domain_event, every_event = f.every_event,
           topic_events = f.topic_events
      FROM unnest(row_keys, row_channels) AS r (key, channel)
      JOIN address_states o ON o.address_key = r.key AND o.channel = r.channel
     CROSS JOIN LATERAL flags_of(o.address_key, o.channel, o.domain_key, o.person_event) f
     WHERE s.address_key = o.address_key AND s.channel = o.channel;
    RETURN cardinality(ended);
END $$;

-- Ends every entry of one target; or, where two people are needed, asks for it (`approve` false) and
-- ends it when another person approves. Until then the entries stop as before.
-- Returns how many ended, how many wait for a second person, and how many cannot be approved because
-- nobody else has asked for them.
DROP FUNCTION lift;
CREATE FUNCTION lift(
    entry_scope suppression_scope, entry_key bytea, entry_channel contact_channel, entry_topic text,
    by_actor text, why text, proof text, approve boolean
) RETURNS TABLE (lifted bigint, requested bigint, unrequested bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    own uuid[];
    grave uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(inheritance_lock());
    lifted := 0; requested := 0; unrequested := 0;
    SELECT array_agg(s.event_id), array_agg(s.event_id) FILTER (WHERE needs_two_people(s.reason))
      INTO own, grave
      FROM suppressions s
     WHERE s.scope = entry_scope AND s.address_key = entry_key
       AND s.channel IS NOT DISTINCT FROM entry_channel AND s.topic IS NOT DISTINCT FROM entry_topic;
    IF grave IS NOT NULL AND NOT approve THEN
        INSERT INTO suppression_events (id, action, scope, address_key, channel, topic, origin,
                                        actor, evidence, note, of_event)
        SELECT uuid_v7(), 'lift_request', entry_scope, entry_key, entry_channel, entry_topic, 'staff',
               by_actor, proof, why, g
          FROM unnest(grave) AS g;
        requested := cardinality(grave);
    ELSE
        SELECT count(*) INTO unrequested FROM unnest(grave) AS g
         WHERE NOT EXISTS (
               SELECT FROM suppression_events r
                WHERE r.address_key = entry_key AND r.of_event = g AND r.action = 'lift_request'
                  AND lower(btrim(r.actor)) <> lower(btrim(by_actor)));
        IF own IS NOT NULL AND unrequested = 0 THEN
            lifted := end_entries(own, 'staff', by_actor, why, proof);
        END IF;
    END IF;
    RETURN NEXT;
END $$;

-- Ends what a recipient asked for earlier, because the same recipient asks for messages again, on
-- the same channel (and topic) and later. What others have entered stays.
CREATE FUNCTION reconsent(
    entry_key bytea, entry_channel contact_channel, entry_topic text, occurred_at timestamptz,
    by_actor text, proof text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE own uuid[];
BEGIN
    IF occurred_at > clock_timestamp() + interval '5 minutes' THEN
        RAISE EXCEPTION 'a consent cannot lie in the future' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'reconsent_occurred', HINT = 'Check the clock of whoever reports it.';
    END IF;
    PERFORM pg_advisory_xact_lock(inheritance_lock());
    SELECT array_agg(s.event_id) INTO own FROM suppressions s
     WHERE s.address_key = entry_key AND s.channel = entry_channel
       AND s.topic IS NOT DISTINCT FROM entry_topic
       AND is_of_recipient(s.reason) AND s.since < occurred_at
       AND NOT EXISTS (SELECT FROM suppression_events e
                        WHERE e.address_key = entry_key AND e.of_event = s.event_id
                          AND e.action = 'suppress' AND e.at >= occurred_at);
    RETURN end_entries(own, 'recipient', by_actor,
                       'the recipient asked for it again at ' || occurred_at, proof);
END $$;

-- Ends entries whose term is over at a time, `most` at once. Returns how many.
CREATE FUNCTION expire_suppressions(now_at timestamptz, most integer, by_actor text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE due uuid[];
BEGIN
    IF NOT EXISTS (SELECT FROM suppressions s WHERE s.expires_at <= now_at) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(inheritance_lock());
    SELECT array_agg(d.event_id) INTO due
      FROM (SELECT s.event_id FROM suppressions s WHERE s.expires_at <= now_at
             ORDER BY s.expires_at LIMIT most FOR UPDATE SKIP LOCKED) d;
    RETURN end_entries(due, 'system', by_actor, 'the entry had a term', 'its term is over');
END $$;

-- Puts rows that are no address into quarantine, and holds the contacts that have the same text.
-- Returns how many rows are new.
CREATE FUNCTION quarantine(
    raw_keys bytea[], entry_reason suppression_reason, entry_actor text, entry_evidence text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE fresh bytea[];
BEGIN
    PERFORM pg_advisory_xact_lock(inheritance_lock());
    WITH added AS (
        INSERT INTO quarantined_rows AS q (raw_key, reason, actor, evidence)
        SELECT DISTINCT k, entry_reason, entry_actor, entry_evidence FROM unnest(raw_keys) AS k
        ON CONFLICT DO NOTHING RETURNING q.raw_key)
    SELECT array_agg(a.raw_key) INTO fresh FROM added a;
    PERFORM hold_quarantined(ARRAY(SELECT u.contact_id FROM unreadable_addresses u
                                    WHERE u.raw_key = ANY (fresh)));
    RETURN coalesce(cardinality(fresh), 0);
END $$;

-- Holds those of the contacts that have a text which is in quarantine.
CREATE FUNCTION hold_quarantined(contacts uuid[]) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT count(DISTINCT e.person)
      FROM (SELECT DISTINCT ON (p.address_key) p.address_key AS person, q.*
              FROM unnest(contacts) AS c (id)
              JOIN unreadable_addresses u ON u.contact_id = c.id
              JOIN quarantined_rows q ON q.raw_key = u.raw_key
              JOIN addresses p ON p.contact_id = c.id AND p.kind = 'person'
             WHERE NOT EXISTS (SELECT FROM suppressions s
                                WHERE s.scope = 'person' AND s.address_key = p.address_key
                                  AND s.reason = q.reason AND s.origin = 'system')
             ORDER BY p.address_key, q.at) e
     CROSS JOIN LATERAL suppress(uuid_v7(), 'person', e.person, NULL, NULL, e.reason, 'system',
                                 e.actor, 'quarantined row of ' || e.evidence, NULL)
$$;

-- Makes the entries in force and the flags again from the events. Reads everything and holds up
-- claims meanwhile: a tool for repairs and for proof. Returns how many entries are in force.
CREATE FUNCTION rebuild_suppressions() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE n bigint;
BEGIN
    LOCK TABLE suppressions, address_states IN EXCLUSIVE MODE;
    DELETE FROM suppressions;
    -- Lifts of before this migration name no entry: they ended all of their target.
    INSERT INTO suppressions (event_id, scope, address_key, channel, topic, reason, origin, since,
                              expires_at)
    SELECT DISTINCT ON (e.scope, e.address_key, e.channel, e.topic, e.reason, e.origin)
           e.id, e.scope, e.address_key, e.channel, e.topic, e.reason, e.origin, e.at,
           CASE WHEN e.expires_at IS NOT NULL THEN greatest(e.expires_at,
               (SELECT max(r.expires_at) FROM suppression_events r
                 WHERE r.address_key = e.address_key AND r.of_event = e.id)) END
      FROM suppression_events e
     WHERE e.action = 'suppress' AND e.of_event IS NULL
       AND NOT EXISTS (
           SELECT FROM suppression_events l
            WHERE l.address_key = e.address_key AND l.action = 'lift'
              AND (l.of_event = e.id
                   OR (l.of_event IS NULL AND l.scope = e.scope
                       AND l.channel IS NOT DISTINCT FROM e.channel AND l.at > e.at)))
     ORDER BY e.scope, e.address_key, e.channel, e.topic, e.reason, e.origin, e.at, e.id;
    GET DIAGNOSTICS n = ROW_COUNT;
    INSERT INTO address_states (address_key, channel)
    SELECT s.address_key, coalesce(s.channel, 'person') FROM suppressions s
     WHERE s.scope <> 'domain'
    ON CONFLICT DO NOTHING;
    UPDATE address_states s
       SET channel_event = f.channel_event, person_event = f.person_event,
           domain_event = f.domain_event, every_event = f.every_event,
           topic_events = f.topic_events
      FROM address_states o
     CROSS JOIN LATERAL flags_of(o.address_key, o.channel, o.domain_key, o.person_event) f
     WHERE s.address_key = o.address_key AND s.channel = o.channel
       AND (o.channel_event, o.person_event, o.domain_event, o.every_event, o.topic_events)
           IS DISTINCT FROM
           (f.channel_event, f.person_event, f.domain_event, f.every_event, f.topic_events);
    RETURN n;
END $$;

-- The entries of before: which of them stop every purpose.
UPDATE address_states s
   SET every_event = f.every_event
  FROM address_states o
 CROSS JOIN LATERAL flags_of(o.address_key, o.channel, o.domain_key, o.person_event) f
 WHERE s.address_key = o.address_key AND s.channel = o.channel
   AND coalesce(o.channel_event, o.person_event, o.domain_event) IS NOT NULL
   AND f.every_event IS NOT NULL;

-- Who may: compliance may do what an operator may, and lift; an operator only adds. Nobody writes the
-- list's tables but through its functions.

DO $$
BEGIN
    BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', 'touchline_compliance');
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    BEGIN
        GRANT touchline_operator TO touchline_compliance;
    EXCEPTION WHEN unique_violation OR internal_error THEN NULL;  -- Another database does the same.
    END;
END $$;

REVOKE ALL ON FUNCTION ensure_address_states, suppress, suppress_batch, note_drained, end_entries,
    lift, reconsent, expire_suppressions, quarantine, hold_quarantined, rebuild_suppressions
    FROM PUBLIC;
REVOKE INSERT ON suppression_events FROM touchline_operator, touchline_inbound;
REVOKE INSERT, UPDATE ON address_states, suppressions FROM touchline_operator;

GRANT EXECUTE ON FUNCTION suppress TO touchline_worker, touchline_inbound, touchline_operator;
GRANT EXECUTE ON FUNCTION note_drained TO touchline_inbound, touchline_operator;
GRANT EXECUTE ON FUNCTION ensure_address_states, suppress_batch, quarantine, hold_quarantined
    TO touchline_operator;
GRANT EXECUTE ON FUNCTION reconsent TO touchline_inbound, touchline_compliance;
GRANT EXECUTE ON FUNCTION lift, rebuild_suppressions TO touchline_compliance;
GRANT EXECUTE ON FUNCTION expire_suppressions TO touchline_scheduler;
GRANT USAGE ON SCHEMA public TO touchline_compliance;

GRANT SELECT, UPDATE, DELETE ON list_effects TO touchline_scheduler;
GRANT SELECT ON suppressions, tasks TO touchline_scheduler;
GRANT UPDATE (state, closed_at, closed_reason) ON tasks TO touchline_scheduler;
GRANT SELECT ON list_effects, list_readings, quarantined_rows, unreadable_addresses
    TO touchline_operator;
GRANT INSERT ON list_readings TO touchline_operator;
GRANT INSERT, DELETE ON unreadable_addresses TO touchline_operator;
