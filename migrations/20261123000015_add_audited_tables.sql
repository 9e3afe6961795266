-- The tables of the same days that are history or decisions join the audit log (create_audit says how
-- a later one does), and a month that retention lets go of leaves a link, so that its seals are not
-- taken for tampering.

DO $$
DECLARE name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
           AND c.relname NOT IN ('audit_log', 'registry_bitmaps')
           AND (c.relname IN ('pauses', 'blackouts', 'reviews')
                OR EXISTS (SELECT FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
                            WHERE t.tgrelid = c.oid AND f.proname LIKE 'refuse\_change%'))
           AND NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
                            WHERE t.tgrelid = c.oid AND f.proname = 'audit_rows')
         ORDER BY c.relname
    LOOP
        IF NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attname = 'id'
                          AND a.attrelid = format('public.%I', name)::regclass) THEN
            EXECUTE format('ALTER TABLE %I ADD COLUMN id uuid NOT NULL DEFAULT uuid_v7()', name);
            EXECUTE format('CREATE UNIQUE INDEX %I ON %I (id)', name || '_id', name);
        END IF;
        PERFORM audit(format('public.%I', name)::regclass);
        EXECUTE format('GRANT SELECT ON %I TO touchline_operator', name);
    END LOOP;
END $$;

-- As before; and the chain says which month is gone.
CREATE OR REPLACE FUNCTION detach_month(parent text, month date) RETURNS boolean
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
