-- The list. `suppression_events` is the truth, append-only; `suppressions` holds the entries in
-- force and `address_states` the flags that the claim locks. Both are derived and can be rebuilt
-- (rebuild_suppressions). Rows of address_states outlive the contact.

CREATE TYPE suppression_action AS ENUM ('suppress', 'lift', 'drained');
CREATE TYPE suppression_scope AS ENUM ('channel', 'person', 'domain');
CREATE TYPE suppression_origin AS ENUM ('recipient', 'staff', 'system', 'provider', 'registry');
CREATE TYPE suppression_reason AS ENUM (
    'one_click', 'unsubscribe_link', 'preference_page', 'reply_keyword', 'reply_freetext',
    'voice_request', 'email_request', 'postal_request', 'staff_entry', 'complaint', 'hard_bounce',
    'soft_bounce_limit', 'provider_suppressed', 'national_dnc', 'state_dnc', 'ae_dncr',
    'invalid_address', 'reassigned_number', 'gdpr_objection', 'erasure', 'legal_hold', 'deceased',
    'do_not_mail');

CREATE TABLE suppression_events (
    id          uuid PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    action      suppression_action NOT NULL,
    scope       suppression_scope NOT NULL,
    -- What is covered: an address on one channel, a person (by the person's key), a domain (by key).
    address_key bytea NOT NULL,
    channel     contact_channel,
    reason      suppression_reason,
    origin      suppression_origin NOT NULL,
    actor       text NOT NULL,
    evidence    text,
    -- The touch whose message led here, if any.
    touch_id    uuid,
    -- What a `drained` event completes.
    of_event    uuid,
    CONSTRAINT suppression_events_channel_scope CHECK ((scope = 'channel') = (channel IS NOT NULL)),
    CONSTRAINT suppression_events_reason CHECK (action <> 'suppress' OR reason IS NOT NULL),
    CONSTRAINT suppression_events_lift_evidence CHECK (action <> 'lift' OR evidence IS NOT NULL),
    CONSTRAINT suppression_events_drained CHECK ((action = 'drained') = (of_event IS NOT NULL)),
    CONSTRAINT suppression_events_key_length CHECK (octet_length(address_key) = 32)
);
-- Keys are random, and asked for one by one: a hash index has half to a third of the size of a tree
-- that has grown, so that imports touch fewer pages (docs/performance.md, "The list").
CREATE INDEX suppression_events_key ON suppression_events USING hash (address_key);

CREATE TABLE suppressions (
    event_id    uuid PRIMARY KEY,
    scope       suppression_scope NOT NULL,
    address_key bytea NOT NULL,
    channel     contact_channel,
    reason      suppression_reason NOT NULL,
    origin      suppression_origin NOT NULL,
    since       timestamptz NOT NULL
);
CREATE INDEX suppressions_key ON suppressions USING hash (address_key);

CREATE TABLE address_states (
    address_key   bytea NOT NULL,
    channel       contact_channel NOT NULL,
    -- The keyed hash of an email address's domain, so that a domain entry finds its rows.
    domain_key    bytea,
    channel_event uuid,
    person_event  uuid,
    domain_event  uuid,
    -- Never written. Locking a row FOR SHARE takes the UPDATE privilege on a column
    -- (PostgreSQL manual, SELECT, "The Locking Clause"); the workers have it on this one alone.
    lockable      boolean NOT NULL DEFAULT true,
    PRIMARY KEY (address_key, channel)
) WITH (fillfactor = 70);
CREATE INDEX address_states_domain ON address_states (domain_key) WHERE domain_key IS NOT NULL;

-- History cannot be changed by anybody, whatever their privileges on the table.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Record what happened as a new row; nothing is ever taken back.';
END $$;
CREATE TRIGGER suppression_events_append_only
    BEFORE UPDATE OR DELETE ON suppression_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER suppression_events_no_truncate
    BEFORE TRUNCATE ON suppression_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Advisory lock: taken shared by whoever adds addresses, exclusively by whoever suppresses a person
-- or a domain, so that no address slips in between the entry and its flags.
CREATE FUNCTION inheritance_lock() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 7310983';

-- Makes sure that a row exists for each address and that it inherits person and domain entries.
-- Parallel arrays; person_keys[i] is the key of the person the address belongs to.
CREATE FUNCTION ensure_address_states(
    keys bytea[], channels contact_channel[], domain_keys bytea[], person_keys bytea[]
) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared(inheritance_lock());
    INSERT INTO address_states (address_key, channel, domain_key, person_event, domain_event)
    SELECT DISTINCT ON (a.key, a.channel) a.key, a.channel, a.domain_key,
           (SELECT s.event_id FROM suppressions s
             WHERE s.scope = 'person' AND s.address_key = a.person_key LIMIT 1),
           (SELECT s.event_id FROM suppressions s
             WHERE s.scope = 'domain' AND s.address_key = a.domain_key LIMIT 1)
      FROM unnest(keys, channels, domain_keys, person_keys)
           AS a (key, channel, domain_key, person_key)
     ORDER BY a.key, a.channel
    ON CONFLICT (address_key, channel) DO UPDATE
       SET person_event = coalesce(address_states.person_event, excluded.person_event),
           domain_event = coalesce(address_states.domain_event, excluded.domain_event),
           domain_key   = coalesce(address_states.domain_key, excluded.domain_key)
     WHERE (excluded.person_event IS NOT NULL AND address_states.person_event IS NULL)
        OR (excluded.domain_event IS NOT NULL AND address_states.domain_event IS NULL)
        OR (excluded.domain_key IS NOT NULL AND address_states.domain_key IS NULL)
$$;

-- Adds an entry and raises its flags. From the commit on nothing new is claimed; what was claimed
-- before is drained by the caller (storage::suppressions), outside any transaction.
-- Returns the keys and channels covered.
CREATE FUNCTION suppress(
    event_id uuid, entry_scope suppression_scope, entry_key bytea, entry_channel contact_channel,
    entry_domain_key bytea, entry_reason suppression_reason, entry_origin suppression_origin,
    entry_actor text, entry_evidence text, entry_touch uuid
) RETURNS TABLE (covered_key bytea, covered_channel contact_channel)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
BEGIN
    IF entry_scope <> 'channel' THEN
        PERFORM pg_advisory_xact_lock(inheritance_lock());
    END IF;
    INSERT INTO suppression_events
           (id, action, scope, address_key, channel, reason, origin, actor, evidence, touch_id)
    VALUES (event_id, 'suppress', entry_scope, entry_key, entry_channel, entry_reason,
            entry_origin, entry_actor, entry_evidence, entry_touch);
    -- An equal entry in force is enough; it is locked, so that a lift at this moment waits and
    -- leaves no flag without an entry.
    PERFORM 1 FROM suppressions s
      WHERE s.scope = entry_scope AND s.address_key = entry_key
        AND s.channel IS NOT DISTINCT FROM entry_channel
        AND s.reason = entry_reason AND s.origin = entry_origin
        FOR SHARE;
    IF NOT FOUND THEN
        INSERT INTO suppressions (event_id, scope, address_key, channel, reason, origin, since)
        VALUES (event_id, entry_scope, entry_key, entry_channel, entry_reason, entry_origin,
                clock_timestamp());
    END IF;
    IF entry_scope = 'channel' THEN
        RETURN QUERY
        INSERT INTO address_states AS s (address_key, channel, domain_key, channel_event)
        VALUES (entry_key, entry_channel, entry_domain_key, event_id)
        ON CONFLICT (address_key, channel)
           DO UPDATE SET channel_event = coalesce(s.channel_event, excluded.channel_event)
        RETURNING s.address_key, s.channel;
    ELSIF entry_scope = 'person' THEN
        INSERT INTO address_states (address_key, channel)
        VALUES (entry_key, 'person') ON CONFLICT DO NOTHING;
        RETURN QUERY
        UPDATE address_states s SET person_event = coalesce(s.person_event, event_id)
         WHERE s.address_key IN
               (SELECT a.address_key FROM addresses a
                 WHERE a.contact_id IN (SELECT p.contact_id FROM addresses p
                                         WHERE p.address_key = entry_key AND p.kind = 'person')
                UNION SELECT entry_key)
        RETURNING s.address_key, s.channel;
    ELSE
        RETURN QUERY
        UPDATE address_states s SET domain_event = coalesce(s.domain_event, event_id)
         WHERE s.domain_key = entry_key AND s.channel = 'email'
        RETURNING s.address_key, s.channel;
    END IF;
END $$;

-- Ends every entry of one scope, key and channel, and lowers the flags that nothing else holds up.
-- Returns how many entries ended.
CREATE FUNCTION lift(
    event_id uuid, entry_scope suppression_scope, entry_key bytea, entry_channel contact_channel,
    entry_origin suppression_origin, entry_actor text, entry_evidence text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE ended uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(inheritance_lock());
    WITH gone AS (
        DELETE FROM suppressions s
         WHERE s.scope = entry_scope AND s.address_key = entry_key
           AND s.channel IS NOT DISTINCT FROM entry_channel
        RETURNING s.event_id)
    SELECT array_agg(g.event_id) INTO ended FROM gone g;
    IF ended IS NULL THEN
        RETURN 0;
    END IF;
    INSERT INTO suppression_events
           (id, action, scope, address_key, channel, origin, actor, evidence)
    VALUES (event_id, 'lift', entry_scope, entry_key, entry_channel, entry_origin, entry_actor,
            entry_evidence);
    IF entry_scope = 'channel' THEN
        UPDATE address_states s SET channel_event = NULL
         WHERE s.address_key = entry_key AND s.channel = entry_channel;
    ELSIF entry_scope = 'domain' THEN
        UPDATE address_states s SET domain_event = NULL WHERE s.domain_event = ANY (ended);
    ELSE
        -- An address may belong to another person who is still on the list.
        UPDATE address_states s
           SET person_event =
               (SELECT p.event_id FROM suppressions p
                 WHERE p.scope = 'person' AND p.address_key IN
                       (SELECT k.address_key FROM addresses k WHERE k.kind = 'person'
                           AND k.contact_id IN (SELECT o.contact_id FROM addresses o
                                                 WHERE o.address_key = s.address_key))
                 LIMIT 1)
         WHERE s.person_event = ANY (ended);
    END IF;
    RETURN cardinality(ended);
END $$;
