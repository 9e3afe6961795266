-- What arrives besides plain opt-outs (compliance.md SMS-03 … SMS-08, SMS-28, BNC-04, BNC-09, BNC-10):
-- wishes by the time they were said, reviews of unclear answers, answers we owe, and bounces.
--
-- Everything is idempotent by (source, message): `message` is a hash of the id its bringer knows it by.

CREATE TYPE wish AS ENUM ('stop', 'start');
CREATE TYPE review_decision AS ENUM ('stop', 'carry_on');
CREATE TYPE answer_kind AS ENUM ('stop', 'start', 'help');
CREATE TYPE answer_state AS ENUM ('waiting', 'sending', 'sent', 'late', 'repeated', 'failed', 'unknown');

-- What people asked for by themselves, and when they said so. It may be brought late and in any order,
-- so what holds is decided by `occurred_at`, and at the same instant by the stop.
CREATE TABLE wishes (
    source      text NOT NULL,
    message     bigint NOT NULL,
    address_key bytea NOT NULL CHECK (octet_length(address_key) = 32),
    channel     contact_channel NOT NULL,
    topic       text,
    wish        wish NOT NULL,
    occurred_at timestamptz NOT NULL,
    -- As the list's events have it, so that an event can be dated by what led to it.
    evidence    text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source, message)
);
CREATE INDEX wishes_address ON wishes (address_key, channel);

-- Serialises what is decided about one address. Taken before any row and before inheritance_lock().
CREATE FUNCTION lock_address(key bytea) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(encode(key, 'hex'), 20261123))
$$;

-- Notes a wish. Returns whether it is new; a repeated message is not.
CREATE FUNCTION note_wish(
    by_source text, message_id bigint, key bytea, on_channel contact_channel, about text, what wish,
    said timestamptz, proof text
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_address(key);
    INSERT INTO wishes (source, message, address_key, channel, topic, wish, occurred_at, evidence)
    VALUES (by_source, message_id, key, on_channel, about, what, said, proof)
    ON CONFLICT (source, message) DO NOTHING;
    RETURN FOUND;
END $$;

-- As before, save that an entry counts from when its wish was said, where that is known: a STOP that
-- was brought late is older than a START that was said after it.
CREATE OR REPLACE FUNCTION reconsent(
    entry_key bytea, entry_channel contact_channel, entry_topic text, occurred_at timestamptz,
    by_actor text, proof text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE own uuid[];
BEGIN
    IF occurred_at > clock_timestamp() + interval '5 minutes' THEN
        RAISE EXCEPTION 'a consent cannot lie in the future' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'reconsent_occurred', HINT = 'Check the clock of whoever reports it.';
    END IF;
    PERFORM pg_advisory_xact_lock(inheritance_lock());
    SELECT array_agg(s.event_id) INTO own FROM suppressions s
     WHERE s.address_key = entry_key AND s.channel = entry_channel
       AND s.topic IS NOT DISTINCT FROM entry_topic AND is_of_recipient(s.reason)
       AND NOT EXISTS (
           SELECT FROM suppression_events e
            WHERE e.address_key = entry_key AND e.action = 'suppress'
              AND (e.id = s.event_id OR e.of_event = s.event_id)
              AND coalesce((SELECT max(w.occurred_at) FROM wishes w
                             WHERE w.address_key = entry_key AND w.evidence = e.evidence),
                           e.at) >= occurred_at);
    RETURN end_entries(own, 'recipient', by_actor,
                       'the recipient asked for it again at ' || occurred_at, proof);
END $$;

-- Lifts what a start that was said later lifts. Called after a stop was entered, which may have been
-- brought after the start. Returns how many entries ended.
CREATE FUNCTION settle_wishes(
    key bytea, on_channel contact_channel, about text, by_actor text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE latest wishes;
BEGIN
    PERFORM lock_address(key);
    SELECT * INTO latest FROM wishes w
     WHERE w.address_key = key AND w.channel = on_channel AND w.topic IS NOT DISTINCT FROM about
       AND w.wish = 'start'
     ORDER BY w.occurred_at DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    RETURN reconsent(key, on_channel, about, latest.occurred_at, by_actor, latest.evidence);
END $$;

-- Unclear answers, until a person has read them. The text itself is not here: `request` names the file
-- of the raw request, which can be erased.
CREATE TABLE reviews (
    id          uuid PRIMARY KEY,
    source      text NOT NULL,
    message     bigint NOT NULL,
    address_key bytea NOT NULL CHECK (octet_length(address_key) = 32),
    request     text,
    arrived_at  timestamptz NOT NULL,
    opened_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at      timestamptz NOT NULL,
    decision    review_decision,
    decided_at  timestamptz,
    decided_by  text,
    why         text,
    UNIQUE (source, message),
    CONSTRAINT reviews_decided_by_a_person CHECK (decision IS NULL
        OR (decided_at IS NOT NULL AND coalesce(decided_by, '') ~ '\S' AND coalesce(why, '') ~ '\S'))
);
CREATE INDEX reviews_open ON reviews (due_at) WHERE decision IS NULL;
CREATE INDEX reviews_address ON reviews (address_key);

-- The pause of a number: read by the claim on the locked row, like the flags of the list.
ALTER TABLE address_states ADD COLUMN review_id uuid;

-- Opens a review and pauses everything automatic to the number, or email to the sender of an unclear
-- answer by mail. Returns whether it is new.
CREATE FUNCTION open_review(
    review uuid, by_source text, message_id bigint, key bytea, kept text, arrived timestamptz,
    due timestamptz
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_address(key);
    INSERT INTO reviews (id, source, message, address_key, request, arrived_at, due_at)
    VALUES (review, by_source, message_id, key, kept, arrived, due)
    ON CONFLICT (source, message) DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO address_states AS s (address_key, channel, review_id)
    SELECT key, channel, review
      FROM unnest(CASE WHEN by_source = 'mail' THEN ARRAY['email'] ELSE ARRAY['sms', 'call'] END
                  ::contact_channel[]) AS paused (channel)
    ON CONFLICT (address_key, channel) DO UPDATE
       SET review_id = coalesce(s.review_id, excluded.review_id);
    RETURN true;
END $$;

-- Decides an open review and ends its pause, unless another review of the same number is open.
-- Returns whether it was open.
CREATE FUNCTION decide_review(
    review uuid, what review_decision, actor text, reason text
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    key bytea;
    other uuid;
BEGIN
    SELECT r.address_key INTO key FROM reviews r WHERE r.id = review;
    PERFORM lock_address(key);
    UPDATE reviews r
       SET decision = what, decided_at = clock_timestamp(), decided_by = actor, why = reason
     WHERE r.id = review AND r.decision IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT r.id INTO other FROM reviews r
     WHERE r.address_key = key AND r.decision IS NULL ORDER BY r.due_at LIMIT 1;
    UPDATE address_states s SET review_id = other
     WHERE s.address_key = key AND s.review_id IS NOT NULL;
    RETURN true;
END $$;

-- Answers we owe: confirmations and help. The number stands here until the answer has left or will
-- not leave any more.
CREATE TABLE answers (
    id           uuid PRIMARY KEY,
    source       text NOT NULL,
    message      bigint NOT NULL,
    kind         answer_kind NOT NULL,
    address_key  bytea NOT NULL CHECK (octet_length(address_key) = 32),
    number       text,
    language     text NOT NULL,
    asked_at     timestamptz NOT NULL,
    state        answer_state NOT NULL DEFAULT 'waiting',
    attempts     smallint NOT NULL DEFAULT 0,
    worker       text,
    lease_until  timestamptz,
    ended_at     timestamptz,
    reason       text,
    provider_ref text,
    UNIQUE (source, message),
    CONSTRAINT answers_number_while_open
        CHECK ((number IS NOT NULL) = (state IN ('waiting', 'sending')))
);
CREATE INDEX answers_open ON answers (asked_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX answers_address ON answers (address_key, asked_at);

-- Owes an answer, unless the message has been answered, or a confirmation of a stop was owed to the
-- number within a day before. Returns whether one will be sent.
CREATE FUNCTION owe_answer(
    answer uuid, by_source text, message_id bigint, what answer_kind, key bytea, to_number text,
    in_language text, asked timestamptz
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE is_repeated boolean;
BEGIN
    PERFORM lock_address(key);
    is_repeated := what = 'stop' AND EXISTS (
        SELECT FROM answers a
         WHERE a.address_key = key AND a.kind = 'stop' AND a.state NOT IN ('late', 'failed', 'repeated')
           AND a.asked_at > asked - interval '24 hours' AND a.asked_at < asked + interval '24 hours');
    INSERT INTO answers (id, source, message, kind, address_key, number, language, asked_at, state,
                         ended_at)
    VALUES (answer, by_source, message_id, what, key, CASE WHEN NOT is_repeated THEN to_number END,
            in_language, asked,
            CASE WHEN is_repeated THEN 'repeated' ELSE 'waiting' END::answer_state,
            CASE WHEN is_repeated THEN clock_timestamp() END)
    ON CONFLICT (source, message) DO NOTHING;
    RETURN FOUND AND NOT is_repeated;
END $$;

-- What did not arrive: one row per message, recipient and status, whoever reports it and how often.
CREATE TABLE bounces (
    address_key bytea NOT NULL CHECK (octet_length(address_key) = 32),
    message     text NOT NULL,
    status      text NOT NULL,
    channel     contact_channel NOT NULL,
    class       text NOT NULL,
    -- What it means for the list: now, counter, counter_when_repeated, no.
    advice      text NOT NULL,
    touch_id    uuid,
    source      text NOT NULL,
    bounced_at  timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (address_key, message, status)
);
-- When something last arrived at an address.
CREATE TABLE deliveries (
    address_key bytea NOT NULL CHECK (octet_length(address_key) = 32),
    channel     contact_channel NOT NULL,
    last_at     timestamptz NOT NULL,
    PRIMARY KEY (address_key, channel)
);

-- Records a bounce, and tells it in the history of its touch. Returns whether it is new.
CREATE FUNCTION take_bounce(
    key bytea, of_message text, of_status text, on_channel contact_channel, of_class text,
    gives text, of_touch uuid, by_source text, at_time timestamptz, by_actor text
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE story text := 'bounced: ' || of_class || ', ' || of_status;
BEGIN
    PERFORM lock_address(key);
    INSERT INTO bounces (address_key, message, status, channel, class, advice, touch_id, source,
                         bounced_at)
    VALUES (key, of_message, of_status, on_channel, of_class, gives, of_touch, by_source, at_time)
    ON CONFLICT (address_key, message, status) DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO touch_events (touch_id, attempt, decided_at, state, worker, reason, detail)
    SELECT t.id, t.attempt, at_time, t.state, by_actor, story,
           jsonb_build_object('bounced', jsonb_build_object(
               'class', of_class, 'status', of_status, 'source', by_source))
      FROM touches t WHERE t.id = of_touch AND t.state IN ('sent', 'sending', 'unknown');
    UPDATE touches t SET reason = story WHERE t.id = of_touch AND t.state = 'sent';
    RETURN true;
END $$;

-- Notes that something arrived at an address.
CREATE FUNCTION take_delivery(key bytea, on_channel contact_channel, at_time timestamptz)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO deliveries AS d (address_key, channel, last_at) VALUES (key, on_channel, at_time)
    ON CONFLICT (address_key, channel) DO UPDATE SET last_at = greatest(d.last_at, excluded.last_at)
$$;

REVOKE ALL ON FUNCTION note_wish, settle_wishes, open_review, decide_review, owe_answer, take_bounce,
    take_delivery FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_wish, settle_wishes, open_review, owe_answer, take_bounce,
    take_delivery TO touchline_inbound;
GRANT EXECUTE ON FUNCTION take_bounce, take_delivery TO touchline_worker;
GRANT EXECUTE ON FUNCTION decide_review TO touchline_operator;
GRANT SELECT ON wishes, reviews, answers, bounces, deliveries TO touchline_inbound, touchline_operator;
GRANT SELECT ON reviews, bounces, deliveries TO touchline_worker;
GRANT SELECT ON suppression_events TO touchline_inbound, touchline_worker;
GRANT SELECT ON answers TO touchline_sms_worker;
GRANT UPDATE (state, attempts, worker, lease_until, ended_at, reason, provider_ref, number)
    ON answers TO touchline_sms_worker;
GRANT SELECT, INSERT ON consents, consent_uses TO touchline_inbound;
