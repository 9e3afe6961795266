-- People's rights (compliance.md §6): requests and their clocks, what is known about a person,
-- correction, erasure, retention.

-- A backup is restored without a search path, and constraints call this function.
CREATE OR REPLACE FUNCTION may_expire(reason suppression_reason) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT NOT public.is_of_recipient(reason) AND reason NOT IN ('erasure', 'deceased')
$$;

CREATE TYPE request_kind AS ENUM
    ('access', 'portability', 'rectification', 'erasure', 'objection', 'restriction');
CREATE TYPE privacy_law AS ENUM ('gdpr', 'uk_gdpr', 'ccpa', 'sa_pdpl', 'ae_pdpl', 'eg_pdpl');
CREATE TYPE request_step AS ENUM
    ('confirmed', 'verified', 'extended', 'forwarded', 'acknowledged', 'answered', 'refused');

-- What somebody asked for. The days are worked out once, when it is received (domain::rights), so
-- that the record shows which ones were worked to. Outlives the contact.
CREATE TABLE rights_requests (
    id          uuid PRIMARY KEY,
    kind        request_kind NOT NULL,
    law         privacy_law NOT NULL,
    contact_id  uuid,
    -- When it reached us, and on which day that was there.
    received_at timestamptz NOT NULL,
    received_on date NOT NULL,
    -- How it reached us.
    how         text NOT NULL CHECK (how ~ '\S'),
    confirm_by  date,
    remind_on   date NOT NULL,
    due_on      date NOT NULL,
    extended_to date,
    actor       text NOT NULL CHECK (actor ~ '\S'),
    -- A ticket, a message, a recording. No address.
    evidence    text,
    login       text NOT NULL DEFAULT session_user,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT rights_requests_due_after CHECK (due_on >= received_on)
);
CREATE INDEX rights_requests_due ON rights_requests (due_on);
CREATE INDEX rights_requests_contact ON rights_requests (contact_id);

CREATE TABLE rights_request_events (
    id          uuid PRIMARY KEY,
    request_id  uuid NOT NULL REFERENCES rights_requests (id),
    step        request_step NOT NULL,
    -- The day it happened; of an extension, the day the person was told.
    happened_on date NOT NULL,
    -- Why, to whom, on what.
    note        text NOT NULL CHECK (note ~ '\S'),
    actor       text NOT NULL CHECK (actor ~ '\S'),
    login       text NOT NULL DEFAULT session_user,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX rights_request_events_request ON rights_request_events (request_id, recorded_at);
-- A request is over once.
CREATE UNIQUE INDEX rights_request_events_end ON rights_request_events (request_id)
    WHERE step IN ('answered', 'refused');

-- What was corrected: which field, and a keyed hash of what stood there (PRV-08).
CREATE TABLE corrections (
    id         uuid PRIMARY KEY,
    contact_id uuid NOT NULL,
    field      text NOT NULL,
    old_hash   bytea CHECK (octet_length(old_hash) = 32),
    reason     text NOT NULL CHECK (reason ~ '\S'),
    actor      text NOT NULL CHECK (actor ~ '\S'),
    login      text NOT NULL DEFAULT session_user,
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX corrections_contact ON corrections (contact_id, at);

-- Who was erased: ids alone. What keeps the person from coming back is on the list.
CREATE TABLE erasures (
    id         uuid PRIMARY KEY,
    contact_id uuid NOT NULL,
    request_id uuid,
    reason     text NOT NULL CHECK (reason ~ '\S'),
    evidence   text NOT NULL CHECK (evidence ~ '\S'),
    actor      text NOT NULL CHECK (actor ~ '\S'),
    login      text NOT NULL DEFAULT session_user,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Rows per table that were deleted or emptied.
    counts     jsonb NOT NULL
);
CREATE INDEX erasures_contact ON erasures (contact_id);

-- What retention has let go of.
CREATE TABLE retention_runs (
    id     uuid PRIMARY KEY,
    actor  text NOT NULL CHECK (actor ~ '\S'),
    login  text NOT NULL DEFAULT session_user,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Of the schedule: its SHA-256, so that it is known what counted.
    schedule_hash bytea NOT NULL CHECK (octet_length(schedule_hash) = 32),
    counts jsonb NOT NULL
);

-- Whose data was read out, where it was one person's.
ALTER TYPE list_reading ADD VALUE 'person';
ALTER TABLE list_readings ADD COLUMN contact_id uuid;
CREATE INDEX list_readings_contact ON list_readings (contact_id) WHERE contact_id IS NOT NULL;

-- An erased person's enrolments stay as numbers.
ALTER TABLE enrolments
    ALTER COLUMN contact_id DROP NOT NULL,
    DROP CONSTRAINT enrolments_contact_id_fkey,
    ADD CONSTRAINT enrolments_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES contacts (id)
        ON DELETE SET NULL,
    ADD CONSTRAINT enrolments_contact_present
        CHECK (contact_id IS NOT NULL OR state IN ('completed', 'stopped'));

-- Where something about a person is kept, how its rows are found, and what erasure does with them. A
-- test finds every table that should stand here and does not (rights.rs of the house tests).
CREATE TABLE personal_tables (
    table_name  text PRIMARY KEY,
    position    smallint NOT NULL,
    -- Of the column: a contact's id, the key of one of the contact's addresses (or their domains), a
    -- touch, an enrolment, a consent, a request, the hash of a text that is no address.
    via         text NOT NULL CHECK (via IN ('contact', 'address', 'touch', 'enrolment', 'consent',
                                             'request', 'raw')),
    column_name text NOT NULL,
    on_erasure  text NOT NULL CHECK (on_erasure IN ('delete', 'empty', 'keep')),
    -- The columns that are emptied.
    emptied     text[] NOT NULL DEFAULT '{}',
    -- What stays, and why it may.
    remark      text NOT NULL,
    CONSTRAINT personal_tables_emptied CHECK ((on_erasure = 'empty') = (emptied <> '{}'))
);
INSERT INTO personal_tables (position, table_name, via, column_name, on_erasure, emptied, remark)
VALUES
    (10, 'contacts', 'contact', 'id', 'delete', '{}', ''),
    (11, 'addresses', 'contact', 'contact_id', 'delete', '{}', ''),
    (12, 'unreadable_addresses', 'contact', 'contact_id', 'delete', '{}', ''),
    (13, 'quarantined_rows', 'raw', 'raw_key', 'keep', '{}', 'a keyed hash, of a list'),
    (20, 'enrolments', 'contact', 'contact_id', 'keep', '{}', 'plan and dates, without the contact'),
    (21, 'touches', 'contact', 'contact_id', 'keep', '{}', 'ids, keyed hashes, times, reasons'),
    (22, 'touch_events', 'touch', 'touch_id', 'keep', '{}', 'ids, times, reasons, zones'),
    (23, 'tasks', 'contact', 'contact_id', 'empty', '{title,script}', 'that there was one'),
    (24, 'due_touches', 'touch', 'touch_id', 'delete', '{}', ''),
    (25, 'outbox', 'touch', 'touch_id', 'delete', '{}', ''),
    (26, 'inflight', 'touch', 'touch_id', 'delete', '{}', ''),
    (30, 'suppressions', 'address', 'address_key', 'keep', '{}', 'keyed hashes: the list'),
    (31, 'suppression_events', 'address', 'address_key', 'empty', '{evidence,note}',
     'keyed hashes: the history of the list'),
    (32, 'address_states', 'address', 'address_key', 'keep', '{}', 'keyed hashes: the flags'),
    (33, 'list_effects', 'address', 'address_key', 'delete', '{}', ''),
    (40, 'consents', 'contact', 'contact_id', 'empty',
     '{act,source,ip,user_agent,double_opt_in,document,snapshot_name,snapshot}',
     'which wording was agreed to, when, on which basis'),
    (41, 'consent_uses', 'consent', 'consent_id', 'keep', '{}', 'channel and purpose'),
    (42, 'consent_withdrawals', 'contact', 'contact_id', 'empty', '{evidence}',
     'channel, purpose, day'),
    (43, 'relationships', 'contact', 'contact_id', 'empty', '{evidence}', 'kind and day'),
    (44, 'contact_listings', 'contact', 'contact_id', 'empty', '{evidence}', 'kind of listing'),
    (45, 'contact_sends', 'contact', 'contact_id', 'delete', '{}', ''),
    (46, 'wishes', 'address', 'address_key', 'empty', '{evidence}', 'keyed hash, what, when'),
    (47, 'reviews', 'address', 'address_key', 'empty', '{request,why}', 'keyed hash, decision, when'),
    (48, 'answers', 'address', 'address_key', 'delete', '{}', ''),
    (49, 'bounces', 'address', 'address_key', 'keep', '{}', 'keyed hash, class, status, when'),
    (55, 'deliveries', 'address', 'address_key', 'delete', '{}', ''),
    (50, 'rights_requests', 'contact', 'contact_id', 'empty', '{how,evidence}',
     'what was asked for and when: the record of requests (PRV-17)'),
    (51, 'rights_request_events', 'request', 'request_id', 'empty', '{note}', 'what was done, and when'),
    (52, 'corrections', 'contact', 'contact_id', 'keep', '{}', 'field, keyed hash, and why'),
    (53, 'erasures', 'contact', 'contact_id', 'keep', '{}', 'that somebody was erased'),
    (54, 'list_readings', 'contact', 'contact_id', 'empty', '{note}', 'who read, and when');

-- The rows of a table that are about a contact: a condition on `t`, where $1 is the contact and $2
-- the keys of the contact's addresses.
CREATE FUNCTION about_person(via text, column_name text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT format(CASE via
        WHEN 'contact' THEN 't.%I = $1'
        WHEN 'address' THEN 't.%I = ANY ($2)'
        WHEN 'touch' THEN 't.%I IN (SELECT x.id FROM touches x WHERE x.contact_id = $1)'
        WHEN 'enrolment' THEN 't.%I IN (SELECT x.id FROM enrolments x WHERE x.contact_id = $1)'
        WHEN 'consent' THEN 't.%I IN (SELECT x.id FROM consents x WHERE x.contact_id = $1)'
        WHEN 'request' THEN 't.%I IN (SELECT x.id FROM rights_requests x WHERE x.contact_id = $1)'
        WHEN 'raw' THEN
            't.%I IN (SELECT x.raw_key FROM unreadable_addresses x WHERE x.contact_id = $1)'
        END, column_name)
$$;

-- Everything about a person, row by row, table by table. That it was read is noted first.
CREATE FUNCTION read_person(
    reading uuid, person uuid, by_actor text, why text
) RETURNS TABLE (of_table text, content jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one personal_tables;
    keys bytea[];
BEGIN
    INSERT INTO list_readings (id, kind, actor, note, entries, contact_id)
    VALUES (reading, 'person', by_actor, why, 1, person);
    SELECT array_agg(k.key) INTO keys
      FROM (SELECT a.address_key FROM addresses a WHERE a.contact_id = person
            UNION SELECT s.domain_key FROM addresses a
                    JOIN address_states s ON s.address_key = a.address_key
                   WHERE a.contact_id = person AND s.domain_key IS NOT NULL) AS k (key);
    FOR one IN SELECT * FROM personal_tables p ORDER BY p.position LOOP
        CONTINUE WHEN to_regclass('public.' || quote_ident(one.table_name)) IS NULL;
        RETURN QUERY EXECUTE
            format('SELECT %L::text, to_jsonb(t) FROM public.%I t WHERE %s', one.table_name,
                   one.table_name, about_person(one.via, one.column_name))
            USING person, keys;
    END LOOP;
END $$;

-- History may be emptied of a person, and changed in no other way: the columns named to the trigger
-- may come to hold nothing. Who may do even that is a matter of privileges, and nobody has them but
-- the functions below. What retention lets go of is deleted by its function alone.
CREATE FUNCTION refuse_change_but_emptying() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    name text;
    was jsonb;
    after_it jsonb;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        was := to_jsonb(OLD);
        after_it := to_jsonb(NEW);
        FOREACH name IN ARRAY TG_ARGV LOOP
            IF after_it -> name IN ('null', '""', '"erased"', '{}', '"\\x"') THEN
                was := was - name;
                after_it := after_it - name;
            END IF;
        END LOOP;
        IF was = after_it AND to_jsonb(OLD) <> to_jsonb(NEW) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' AND current_setting('touchline.retention', true) = 'on'
          AND current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = TG_RELID)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Record what happened as a new row; nothing is ever taken back.';
END $$;

DO $$
DECLARE
    name text;
    columns text;
BEGIN
    FOR name, columns IN
        SELECT p.table_name, (SELECT string_agg(quote_literal(e), ', ') FROM unnest(p.emptied) e)
          FROM personal_tables p
         WHERE p.table_name IN ('rights_requests', 'rights_request_events', 'corrections', 'erasures',
                                'consent_uses')
            OR EXISTS (SELECT FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
                        WHERE t.tgrelid = to_regclass('public.' || p.table_name)
                          AND f.proname = 'refuse_change' AND p.on_erasure = 'empty')
        UNION ALL VALUES ('retention_runs', NULL)
    LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS %I ON %I', name || '_append_only', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I
                        FOR EACH ROW EXECUTE FUNCTION refuse_change_but_emptying(%s)',
                       name || '_append_only', name, coalesce(columns, ''));
        EXECUTE format('DROP TRIGGER IF EXISTS %I ON %I', name || '_no_truncate', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                       name || '_no_truncate', name);
    END LOOP;
END $$;

-- Deletes or empties a table's rows of a person. Texts become "erased", where there were any, so that
-- what a constraint wants to be there still is.
CREATE FUNCTION erase_rows(one personal_tables, person uuid, keys bytea[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    changes text;
    is_full text;
    n bigint;
BEGIN
    IF one.on_erasure = 'keep' OR to_regclass('public.' || quote_ident(one.table_name)) IS NULL THEN
        RETURN 0;
    END IF;
    IF one.on_erasure = 'delete' THEN
        EXECUTE format('DELETE FROM public.%I t WHERE %s', one.table_name,
                       about_person(one.via, one.column_name)) USING person, keys;
    ELSE
        SELECT string_agg(format('%1$I = CASE WHEN t.%1$I IS NOT NULL THEN %2$s END', a.attname, e.empty),
                          ', '),
               string_agg(format('t.%1$I IS DISTINCT FROM CASE WHEN t.%1$I IS NOT NULL THEN %2$s END',
                                 a.attname, e.empty), ' OR ')
          INTO changes, is_full
          FROM pg_attribute a
         CROSS JOIN LATERAL (SELECT CASE format_type(a.atttypid, NULL)
                                        WHEN 'text' THEN '''erased'''
                                        WHEN 'bytea' THEN '''\x''::bytea'
                                        WHEN 'jsonb' THEN '''{}''::jsonb'
                                        ELSE 'NULL' END AS empty) e
         WHERE a.attrelid = ('public.' || quote_ident(one.table_name))::regclass
           AND a.attname = ANY (one.emptied);
        EXECUTE format('UPDATE public.%I t SET %s WHERE %s AND (%s)', one.table_name, changes,
                       about_person(one.via, one.column_name), is_full) USING person, keys;
    END IF;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

-- Why a person must not be erased or forgotten: the entries of the list that hold the data for a
-- court (compliance.md PRV-14).
CREATE FUNCTION legal_holds(person uuid) RETURNS TABLE (event_id uuid, since timestamptz,
                                                        evidence text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT s.event_id, s.since, e.evidence
      FROM suppressions s JOIN suppression_events e ON e.id = s.event_id
     WHERE s.reason = 'legal_hold'
       AND s.address_key IN (SELECT a.address_key FROM addresses a WHERE a.contact_id = person)
     ORDER BY s.since
$$;

-- Erases a contact whose addresses are on the list for it already, with nothing in flight to them.
-- One transaction: afterwards nothing names the person but keyed hashes.
CREATE FUNCTION erase_person(
    erasure uuid, person uuid, of_request uuid, by_actor text, why text, proof text,
    now_at timestamptz
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one personal_tables;
    keys bytea[];
    entry uuid;
    n bigint;
    counts jsonb := '{}';
BEGIN
    PERFORM pg_advisory_xact_lock(inheritance_lock());
    PERFORM 1 FROM contacts c WHERE c.id = person FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM legal_holds(person)) THEN
        RAISE EXCEPTION 'a legal hold keeps this person''s data' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'erasure_legal_hold';
    END IF;
    -- What somebody else has too is that person's: it stays, and so does what is recorded of it.
    SELECT array_agg(a.address_key) INTO keys FROM addresses a
     WHERE a.contact_id = person
       AND NOT EXISTS (SELECT FROM addresses o
                        WHERE o.address_key = a.address_key AND o.contact_id <> person);
    SELECT s.event_id INTO entry FROM suppressions s JOIN addresses a
        ON a.address_key = s.address_key AND a.kind = 'person' AND a.contact_id = person
     WHERE s.scope = 'person' AND s.reason = 'erasure' ORDER BY s.since LIMIT 1;
    IF entry IS NULL OR EXISTS (
        SELECT FROM addresses a
         WHERE a.address_key = ANY (keys) AND a.kind <> 'person'
           AND NOT EXISTS (SELECT FROM suppressions s
                            WHERE s.address_key = a.address_key AND s.reason = 'erasure'))
    THEN
        RAISE EXCEPTION 'an address is not on the list for erasure' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'erasure_listed';
    END IF;
    -- Whoever plans an enrolment on at this moment is waited for, and then seen.
    PERFORM 1 FROM enrolments e WHERE e.contact_id = person FOR UPDATE;
    PERFORM 1 FROM touches t WHERE t.contact_id = person
        AND t.state IN ('scheduled', 'queued', 'sending', 'unknown', 'held') FOR UPDATE;
    IF EXISTS (SELECT FROM inflight i JOIN touches t ON t.id = i.touch_id AND t.due_month = i.due_month
                WHERE t.contact_id = person AND i.lease_until > clock_timestamp()) THEN
        RAISE EXCEPTION 'a touch is being handed over' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'erasure_in_flight';
    END IF;
    WITH cancelled AS (
        UPDATE touches t
           SET state = 'cancelled', reason = 'suppressed: erasure, entry ' || entry
         WHERE t.contact_id = person
           AND t.state IN ('scheduled', 'queued', 'sending', 'unknown', 'held')
        RETURNING t.id, t.attempt, t.reason),
    explained AS (
        INSERT INTO touch_events (touch_id, attempt, decided_at, state, worker, reason)
        SELECT c.id, c.attempt, now_at, 'cancelled', 'erasure', c.reason FROM cancelled c)
    SELECT count(*) INTO n FROM cancelled;
    counts := counts || jsonb_build_object('touches', n);
    UPDATE enrolments e
       SET state = 'stopped', updated_at = now(), reason = 'suppressed: erasure, entry ' || entry
     WHERE e.contact_id = person AND e.state IN ('active', 'paused');
    UPDATE tasks k
       SET state = 'dropped', closed_at = now_at, closed_reason = 'suppressed: erasure, entry ' || entry
     WHERE k.contact_id = person AND k.state = 'open';
    -- What hangs on the contact goes before it.
    FOR one IN SELECT * FROM personal_tables p ORDER BY p.position DESC LOOP
        n := erase_rows(one, person, keys);
        IF n > 0 THEN
            counts := counts || jsonb_build_object(one.table_name, n);
        END IF;
    END LOOP;
    INSERT INTO erasures (id, contact_id, request_id, reason, evidence, actor, counts)
    VALUES (erasure, person, of_request, why, proof, by_actor, counts);
    RETURN counts;
END $$;

-- Lets go of rows whose time is over; which ones, the schedule has said (storage::rights).
CREATE FUNCTION retire_rows(kind text, ids uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE n bigint;
BEGIN
    PERFORM set_config('touchline.retention', 'on', true);
    IF kind = 'consents' THEN
        DELETE FROM consent_uses u WHERE u.consent_id = ANY (ids);
        DELETE FROM consents c WHERE c.id = ANY (ids);
    ELSIF kind = 'consent_withdrawals' THEN
        DELETE FROM consent_withdrawals w WHERE w.id = ANY (ids);
    ELSIF kind = 'requests' THEN
        DELETE FROM rights_request_events e WHERE e.request_id = ANY (ids);
        DELETE FROM rights_requests r WHERE r.id = ANY (ids);
    ELSIF kind = 'tasks' THEN
        DELETE FROM tasks k WHERE k.id = ANY (ids) AND k.state <> 'open';
    ELSE
        RAISE EXCEPTION 'retire_rows knows consents, consent_withdrawals, requests and tasks, not %',
            kind;
    END IF;
    GET DIAGNOSTICS n = ROW_COUNT;
    PERFORM set_config('touchline.retention', '', true);
    RETURN n;
END $$;

-- Detaches the partition of a month. Its rows stay in a table of their own, for the archive. A month
-- with a touch that is not over stays where it is. The audit log says which month is gone, so that
-- its seals are not taken for tampering.
CREATE FUNCTION detach_month(parent text, month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    name text := parent || to_char(month, '"_"YYYY"_"MM');
    is_open boolean := false;
BEGIN
    IF parent NOT IN ('touches', 'touch_events') THEN
        RAISE EXCEPTION 'detach_month knows touches and touch_events, not %', parent;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_inherits i
                    WHERE i.inhparent = ('public.' || parent)::regclass
                      AND i.inhrelid = to_regclass('public.' || quote_ident(name))) THEN
        RETURN false;
    END IF;
    IF parent = 'touches' THEN
        SELECT EXISTS (SELECT FROM touches t WHERE t.due_month = detach_month.month
                        AND t.state IN ('scheduled', 'queued', 'sending', 'unknown', 'held'))
          INTO is_open;
    END IF;
    IF is_open THEN
        RETURN false;
    END IF;
    SET LOCAL lock_timeout = '5s';
    EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', parent, name);
    IF parent = 'touch_events' THEN
        INSERT INTO audit_pending (source, operation, row_count, digest, action, range_from, range_to)
        VALUES (parent, 'delete', 0, sha256(''), 'detach_month', month::timestamptz,
                (month + interval '1 month')::timestamptz);
    END IF;
    RETURN true;
END $$;

REVOKE ALL ON FUNCTION about_person, read_person, erase_rows, legal_holds, erase_person, retire_rows,
    detach_month FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read_person, legal_holds, erase_person, retire_rows, detach_month
    TO touchline_compliance;
GRANT SELECT, INSERT ON rights_requests, rights_request_events, corrections TO touchline_operator;
GRANT SELECT ON personal_tables, erasures, retention_runs TO touchline_operator;
GRANT INSERT ON retention_runs TO touchline_compliance;
