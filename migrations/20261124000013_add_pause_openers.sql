-- Who opened a pause: a person by name; nobody for a circuit breaker. The audit log shows it, and of
-- what was ended who ended it.

ALTER TABLE pauses ADD COLUMN opened_by text,
    ADD CONSTRAINT pauses_opener_present CHECK (opened_by <> '');

CREATE OR REPLACE FUNCTION audit_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
            coalesce(head ->> 'action', head ->> 'kind'), coalesce(head ->> 'actor', head ->> 'opened_by'),
            replace(only_subject, '\x', ''), coalesce(head ->> 'reason', head ->> 'basis'),
            coalesce(head ->> 'received_at', head ->> 'given_at', head ->> 'withdrawn_at',
                     head ->> 'at', head ->> 'created_at')::timestamptz);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
            coalesce(shown ->> 'action', shown ->> 'kind'),
            -- Whoever ends something is not who began it.
            coalesce(shown ->> 'lifted_by', shown ->> 'removed_by', shown ->> 'actor',
                     shown ->> 'opened_by'),
            replace(coalesce(shown ->> 'address_key', shown ->> 'contact_id'), '\x', ''),
            coalesce(shown ->> 'reason', shown ->> 'basis'));
    RETURN NULL;
END $$;
