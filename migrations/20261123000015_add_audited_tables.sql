-- The tables of the same days that are history or decisions join the audit log (create_audit says how
-- a later one does).

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
