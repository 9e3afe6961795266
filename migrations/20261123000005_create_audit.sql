-- The audit log (compliance.md AUD-01 … AUD-03): what was changed in the tables below stands in one
-- chain, h_n = sha256(h_{n-1} || row), written in the transaction of the change. A link names the
-- rows it speaks of and the digest of each, so that `touchline audit verify` finds what was changed,
-- removed or inserted behind the triggers' back. It copies words and keys, no free text: what
-- somebody wrote stays in the row, and only its digest here.
--
-- A NEW TABLE joins with one line in its migration: SELECT audit('pauses');
--   * It needs a column `id uuid`, unique; statements that insert many rows make one link.
--   * Of its columns, actor, address_key or contact_id, action or kind, reason or basis, and
--     received_at, given_at, withdrawn_at or at are shown by `audit log`, where there are any.
--   * UPDATE and DELETE make a link per row, where the table allows them.
--   * A column added later is NULL in the rows that are there already; otherwise their digests no
--     longer fit.

CREATE TYPE audit_operation AS ENUM ('join', 'insert', 'update', 'delete', 'seal');

CREATE TABLE audit_log (
    seq         bigint PRIMARY KEY,
    -- Machine time of the change.
    recorded_at timestamptz NOT NULL,
    source      text NOT NULL,
    operation   audit_operation NOT NULL,
    row_count   bigint NOT NULL,
    -- In order of the ids; of a seal there are none.
    row_ids     uuid[],
    -- Of many rows: the first bytes of each one's digest, 8 or in a seal 4, in the same order.
    row_marks   bytea,
    -- sha256 of the row; of many, of their digests one behind the other.
    digest      bytea NOT NULL,
    -- Of an update or a delete: the digest of what was there before.
    before      bytea,
    -- Of a seal, and of a month that was let go of: from, inclusive, and to, exclusive.
    range_from  timestamptz,
    range_to    timestamptz,
    action      text,
    actor       text,
    -- Who was logged in, and under which role.
    login       text NOT NULL,
    role        text NOT NULL,
    -- The keyed hash of an address or person, or the contact's id, where the rows speak of one.
    subject     text,
    reason      text,
    occurred_at timestamptz,
    -- Of the program.
    version     text,
    hash        bytea NOT NULL
);
CREATE INDEX audit_log_recorded ON audit_log (recorded_at);
CREATE INDEX audit_log_subject ON audit_log (subject) WHERE subject IS NOT NULL;
CREATE INDEX audit_log_changes ON audit_log (source, (row_ids[1]))
    WHERE operation IN ('update', 'delete');
CREATE INDEX audit_log_seals ON audit_log (source, seq) WHERE operation = 'seal';
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The end of the chain. Its row is the lock of the chain.
CREATE TABLE audit_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq      bigint NOT NULL,
    hash     bytea NOT NULL
) WITH (fillfactor = 10);
INSERT INTO audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Links on their way. One is written with the change and linked when the transaction commits, after
-- every other lock. If the chain's lock is taken by another commit just then, it is not waited for,
-- or commits could reach the disk only one by one: the link stays here, durable, and whoever comes
-- next links it along with his own; at the latest the scheduler's sweep.
CREATE TABLE audit_pending (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    source      text NOT NULL,
    operation   audit_operation NOT NULL,
    row_count   bigint NOT NULL,
    row_ids     uuid[],
    row_marks   bytea,
    digest      bytea NOT NULL,
    before      bytea,
    range_from  timestamptz,
    range_to    timestamptz,
    action      text,
    actor       text,
    login       text NOT NULL DEFAULT session_user,
    role        text NOT NULL DEFAULT current_setting('role'),
    subject     text,
    reason      text,
    occurred_at timestamptz,
    version     text DEFAULT nullif(current_setting('touchline.version', true), '')
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);

-- Links what waits, `most` at once, unless somebody else is at it. A link is hashed as JSON without
-- its NULLs, keys in jsonb's order, times in UTC. Returns how many were linked.
CREATE FUNCTION audit_link(most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
DECLARE
    head audit_head;
    link audit_log;
    waiting audit_pending;
    n bigint := 0;
BEGIN
    -- Under another isolation the end of the chain could be an old one.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN 0;
    END IF;
    SELECT * INTO head FROM audit_head FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    link.seq := head.seq;
    link.hash := head.hash;
    FOR waiting IN SELECT * FROM audit_pending p ORDER BY p.id LIMIT most LOOP
        link.seq := link.seq + 1;
        link.recorded_at := waiting.recorded_at;
        link.source := waiting.source;
        link.operation := waiting.operation;
        link.row_count := waiting.row_count;
        link.row_ids := waiting.row_ids;
        link.row_marks := waiting.row_marks;
        link.digest := waiting.digest;
        link.before := waiting.before;
        link.range_from := waiting.range_from;
        link.range_to := waiting.range_to;
        link.action := waiting.action;
        link.actor := waiting.actor;
        link.login := waiting.login;
        link.role := waiting.role;
        link.subject := waiting.subject;
        link.reason := waiting.reason;
        link.occurred_at := waiting.occurred_at;
        link.version := waiting.version;
        link.hash := sha256(link.hash || convert_to(
            jsonb_strip_nulls(to_jsonb(link) - 'hash')::text, 'UTF8'));
        INSERT INTO audit_log SELECT (link).*;
        DELETE FROM audit_pending p WHERE p.id = waiting.id;
        n := n + 1;
    END LOOP;
    IF n > 0 THEN
        UPDATE audit_head SET seq = link.seq, hash = link.hash;
    END IF;
    RETURN n;
END $$;

CREATE FUNCTION audit_at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM audit_link(200);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit_pending_linked AFTER INSERT ON audit_pending
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_at_commit();

-- Notes the rows of one INSERT statement. A row is digested as PostgreSQL prints it, without the
-- NULLs at its end, which is where new columns come.
CREATE FUNCTION audit_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex'
SET datestyle = 'ISO, YMD' AS $$
DECLARE
    ids uuid[];
    digests bytea;
    marks bytea;
    head jsonb;
    only_subject text;
BEGIN
    SELECT array_agg(r.id), string_agg(r.digest, ''), string_agg(substring(r.digest FOR 8), '')
      INTO ids, digests, marks
      FROM (SELECT n.id, sha256(btrim(convert_to(n::text, 'UTF8'), ',)')) AS digest
              FROM fresh n ORDER BY n.id) r;
    IF ids IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT to_jsonb(n) INTO head FROM fresh n WHERE n.id = ids[1];
    -- Of a whole list the subjects are its rows.
    IF cardinality(ids) <= 100 THEN
        SELECT min(s.subject) INTO only_subject
          FROM (SELECT coalesce(o ->> 'address_key', o ->> 'contact_id') AS subject
                  FROM (SELECT to_jsonb(n) AS o FROM fresh n) j) s
        HAVING count(DISTINCT s.subject) = 1;
    END IF;
    INSERT INTO audit_pending (source, operation, row_count, row_ids, row_marks, digest, action,
                               actor, subject, reason, occurred_at)
    VALUES (TG_TABLE_NAME, 'insert', cardinality(ids), ids,
            CASE WHEN cardinality(ids) > 1 THEN marks END,
            CASE WHEN cardinality(ids) > 1 THEN sha256(digests) ELSE digests END,
            coalesce(head ->> 'action', head ->> 'kind'), head ->> 'actor',
            replace(only_subject, '\x', ''), coalesce(head ->> 'reason', head ->> 'basis'),
            coalesce(head ->> 'received_at', head ->> 'given_at', head ->> 'withdrawn_at',
                     head ->> 'at', head ->> 'created_at')::timestamptz);
    RETURN NULL;
END $$;

-- Notes the change of one row, where a table allows it.
CREATE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex'
SET datestyle = 'ISO, YMD' AS $$
DECLARE
    shown jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
    was bytea := sha256(btrim(convert_to(OLD::text, 'UTF8'), ',)'));
    becomes bytea := sha256('');
BEGIN
    IF TG_OP = 'UPDATE' THEN
        becomes := sha256(btrim(convert_to(NEW::text, 'UTF8'), ',)'));
        IF NEW.id <> OLD.id THEN
            RAISE EXCEPTION 'the id of a row of % never changes', TG_TABLE_NAME;
        END IF;
    END IF;
    INSERT INTO audit_pending (source, operation, row_count, row_ids, digest, before, action, actor,
                               subject, reason)
    VALUES (TG_TABLE_NAME, lower(TG_OP)::audit_operation, 1, ARRAY[OLD.id], becomes, was,
            coalesce(shown ->> 'action', shown ->> 'kind'), shown ->> 'actor',
            replace(coalesce(shown ->> 'address_key', shown ->> 'contact_id'), '\x', ''),
            coalesce(shown ->> 'reason', shown ->> 'basis'));
    RETURN NULL;
END $$;

-- Joins a table to the chain, with the rows it has already.
CREATE FUNCTION audit(joined regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex'
SET datestyle = 'ISO, YMD' AS $$
DECLARE
    name text := (SELECT c.relname FROM pg_class c WHERE c.oid = joined);
    last uuid := '00000000-0000-0000-0000-000000000000';
    ids uuid[];
    digests bytea;
    marks bytea;
BEGIN
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS fresh
                    FOR EACH STATEMENT EXECUTE FUNCTION audit_rows()', name || '_audited', joined);
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE OR DELETE ON %s
                    FOR EACH ROW EXECUTE FUNCTION audit_change()', name || '_changed', joined);
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_kept', joined);
    INSERT INTO audit_pending (source, operation, row_count, digest)
    VALUES (name, 'join', 0, sha256(''));
    LOOP
        EXECUTE format(
            'SELECT array_agg(r.id), string_agg(r.digest, ''''),
                    string_agg(substring(r.digest FOR 8), '''')
               FROM (SELECT n.id, sha256(btrim(convert_to(n::text, ''UTF8''), '',)'')) AS digest
                       FROM %s n WHERE n.id > $1 ORDER BY n.id LIMIT 10000) r', joined)
           INTO ids, digests, marks USING last;
        EXIT WHEN ids IS NULL;
        last := ids[cardinality(ids)];
        INSERT INTO audit_pending (source, operation, row_count, row_ids, row_marks, digest)
        VALUES (name, 'insert', cardinality(ids), ids,
                CASE WHEN cardinality(ids) > 1 THEN marks END,
                CASE WHEN cardinality(ids) > 1 THEN sha256(digests) ELSE digests END);
    END LOOP;
END $$;

-- When a request reached us, as opposed to when its entry was made (AUD-06): a default, so that the
-- functions that write events need not know of it.
ALTER TABLE suppression_events ADD COLUMN received_at timestamptz;
ALTER TABLE suppression_events ALTER COLUMN received_at
    SET DEFAULT nullif(current_setting('touchline.received_at', true), '')::timestamptz;

-- `suppress`, with the time the request was received, if that is known.
CREATE FUNCTION suppress_received(
    received_at timestamptz, event_id uuid, entry_scope suppression_scope, entry_key bytea,
    entry_channel contact_channel, entry_domain_key bytea, entry_reason suppression_reason,
    entry_origin suppression_origin, entry_actor text, entry_evidence text, entry_touch uuid,
    entry_topic text
) RETURNS TABLE (covered_key bytea, covered_channel contact_channel)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('touchline.received_at', coalesce(received_at::text, ''), true);
    RETURN QUERY SELECT * FROM suppress(event_id, entry_scope, entry_key, entry_channel,
        entry_domain_key, entry_reason, entry_origin, entry_actor, entry_evidence, entry_touch,
        entry_topic);
    PERFORM set_config('touchline.received_at', '', true);
END $$;

-- Rows that had no id of their own.
ALTER TABLE consent_uses ADD COLUMN id uuid NOT NULL DEFAULT uuid_v7();
ALTER TABLE registry_areas ADD COLUMN id uuid NOT NULL DEFAULT uuid_v7();
ALTER TABLE quarantined_rows ADD COLUMN id uuid NOT NULL DEFAULT uuid_v7();
ALTER TABLE deployment ADD COLUMN id uuid NOT NULL DEFAULT uuid_v7();
CREATE UNIQUE INDEX consent_uses_id ON consent_uses (id);
CREATE UNIQUE INDEX registry_areas_id ON registry_areas (id);
CREATE UNIQUE INDEX quarantined_rows_id ON quarantined_rows (id);

SELECT audit('suppression_events');
SELECT audit('list_readings');
SELECT audit('quarantined_rows');
SELECT audit('consents');
SELECT audit('consent_uses');
SELECT audit('consent_withdrawals');
SELECT audit('registry_loads');
SELECT audit('registry_areas');
SELECT audit('plan_versions');
SELECT audit('template_versions');
SELECT audit('deployment');

-- The gate's decisions come in thousands a second; they are sealed range by range instead. A range
-- is closed when every transaction that could have written into it is over: the horizon of
-- transactions is noted with the time (a cut), and what lies `grace` before the cut is sealed once no
-- transaction of before the cut is left.
CREATE TABLE audit_cuts (
    source    text PRIMARY KEY,
    sealed_to timestamptz NOT NULL,
    cut_at    timestamptz,
    cut_xid   xid8
);
INSERT INTO audit_cuts (source, sealed_to) VALUES ('touch_events', 'epoch');
CREATE INDEX touch_events_at ON touch_events USING brin (at) WITH (autosummarize = on);
CREATE TRIGGER touch_events_kept BEFORE TRUNCATE ON touch_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Seals what is closed and makes the next cut, if the last one is `pause` old. Any number of
-- processes may call it; one at a time works. Returns how many events were sealed.
CREATE FUNCTION seal_touch_events(pause interval, grace interval) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex'
SET datestyle = 'ISO, YMD' AS $$
DECLARE
    own audit_cuts;
    closed timestamptz;
    upper_bound timestamptz;
    n bigint;
    digests bytea;
    marks bytea;
    total bigint := 0;
BEGIN
    SELECT * INTO own FROM audit_cuts c WHERE c.source = 'touch_events' FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR own.cut_at > clock_timestamp() - pause THEN
        RETURN 0;
    END IF;
    IF own.cut_xid > pg_snapshot_xmin(pg_current_snapshot()) THEN
        RETURN 0;
    END IF;
    closed := own.cut_at - grace;
    LOOP
        -- A minute of one month at a time: a link speaks of no more, and a month can go as a whole.
        SELECT min(e.at) INTO upper_bound
          FROM touch_events e WHERE e.at >= own.sealed_to AND e.at < closed;
        EXIT WHEN upper_bound IS NULL OR total > 1000000;
        upper_bound := least(closed, upper_bound + interval '1 minute',
                             date_trunc('month', upper_bound) + interval '1 month');
        SELECT count(*), string_agg(r.digest, ''), string_agg(substring(r.digest FOR 4), '')
          INTO n, digests, marks
          FROM (SELECT sha256(btrim(convert_to(e::text, 'UTF8'), ',)')) AS digest
                  FROM touch_events e WHERE e.at >= own.sealed_to AND e.at < upper_bound
                 ORDER BY e.at, e.touch_id, e.attempt, 1) r;
        INSERT INTO audit_pending (source, operation, row_count, row_marks, digest, range_from,
                                   range_to)
        VALUES ('touch_events', 'seal', n, marks, sha256(digests), own.sealed_to, upper_bound);
        own.sealed_to := upper_bound;
        total := total + n;
    END LOOP;
    -- First the time, then the horizon: whatever is stamped before the cut has begun before it.
    own.cut_at := clock_timestamp();
    own.cut_xid := pg_snapshot_xmax(pg_current_snapshot());
    UPDATE audit_cuts c SET sealed_to = own.sealed_to, cut_at = own.cut_at, cut_xid = own.cut_xid
     WHERE c.source = own.source;
    RETURN total;
END $$;

-- Nobody writes the log but through the triggers, and nobody joins a table but a migration.
REVOKE ALL ON FUNCTION audit, audit_link, suppress_received, seal_touch_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION suppress_received
    TO touchline_worker, touchline_inbound, touchline_operator;
GRANT EXECUTE ON FUNCTION seal_touch_events TO touchline_scheduler;
GRANT EXECUTE ON FUNCTION audit_link TO touchline_scheduler, touchline_operator;
GRANT SELECT ON audit_log, audit_head, audit_pending, audit_cuts TO touchline_operator;
