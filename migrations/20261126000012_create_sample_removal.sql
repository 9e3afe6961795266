-- Removing the sample. It finds what there is about people where erasure finds it (personal_tables),
-- and deletes it: nobody has to be kept from coming back, and the sample may be loaded again. What
-- history must keep stays as erasure leaves it: ids and keyed hashes, with texts emptied.

ALTER TABLE personal_tables ADD COLUMN outlives_sample boolean NOT NULL DEFAULT false;
UPDATE personal_tables SET outlives_sample = true
 WHERE table_name IN ('touch_events', 'suppression_events', 'erasures', 'list_readings',
                      'quarantined_rows');

-- The rows of a table that are about some contacts: like about_person, where $1 are the contacts.
CREATE FUNCTION about_people(via text, column_name text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT replace(about_person(via, column_name), '= $1', '= ANY ($1)')
$$;

-- Empties what outlives the sample, and deletes the rest, of one table.
CREATE FUNCTION remove_sample_rows(one personal_tables, people uuid[], keys bytea[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    person uuid;
    n bigint;
BEGIN
    IF to_regclass('public.' || quote_ident(one.table_name)) IS NULL THEN
        RETURN;
    END IF;
    IF NOT one.outlives_sample THEN
        EXECUTE format('DELETE FROM public.%I t WHERE %s', one.table_name,
                       about_people(one.via, one.column_name)) USING people, keys;
    ELSIF one.on_erasure = 'empty' THEN
        FOREACH person IN ARRAY people LOOP
            n := erase_rows(one, person, keys);
        END LOOP;
    END IF;
END $$;

-- The fleet's figures without what sample people had part in, as far as they were counted.
CREATE FUNCTION uncount_sample(people uuid[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    WITH minutes AS (
        SELECT date_trunc('minute', e.at) AS minute, medium_of(t.channel) AS medium, e.state,
               count(*) AS count
          FROM touches t JOIN touch_events e ON e.touch_id = t.id, count_progress p
         WHERE t.contact_id = ANY (people) AND e.at <= p.counted_until
           AND e.at > clock_timestamp() - interval '3 days'
         GROUP BY 1, 2, 3
    ),
    uncounted AS (
        SELECT g.minutes, date_trunc(g.name, m.minute) AS since, m.medium, m.state,
               sum(m.count) AS count
          FROM minutes m, (VALUES (1, 'minute'), (60, 'hour')) AS g (minutes, name)
         GROUP BY 1, 2, 3, 4
    )
    UPDATE state_counts c SET count = greatest(0, c.count - u.count)
      FROM uncounted u
     WHERE c.minutes = u.minutes AND c.since = u.since AND c.medium = u.medium AND c.state = u.state
$$;

-- Removes up to `most` sample people with everything about them, but for those to whom something is
-- being handed over at this moment. Returns how many went, and how many are left. Nobody else can be
-- removed by it.
CREATE FUNCTION remove_sample_people(most integer, by_actor text)
RETURNS TABLE (removed bigint, remaining bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one personal_tables;
    people uuid[];
    keys bytea[];
    entries uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(inheritance_lock());
    SELECT array_agg(c.id) INTO people
      FROM (SELECT c.id FROM contacts c
             WHERE c.is_sample
               AND NOT EXISTS (SELECT FROM inflight i WHERE i.contact_id = c.id
                                  AND i.lease_until > clock_timestamp())
             ORDER BY c.id LIMIT most FOR UPDATE) c;
    -- Whoever plans an enrolment on at this moment is waited for, and then seen.
    PERFORM 1 FROM enrolments e WHERE e.contact_id = ANY (people) ORDER BY e.id FOR UPDATE;
    PERFORM 1 FROM touches t WHERE t.contact_id = ANY (people)
        AND t.state IN ('scheduled', 'queued', 'sending', 'unknown', 'held') ORDER BY t.id FOR UPDATE;
    -- A worker that was claiming meanwhile has been waited for by that, and keeps its person.
    SELECT array_agg(p.id) INTO people FROM unnest(people) AS p (id)
     WHERE NOT EXISTS (SELECT FROM inflight i WHERE i.contact_id = p.id
                          AND i.lease_until > clock_timestamp());
    IF people IS NOT NULL THEN
        -- What somebody else has too is that person's: it stays, and so does what is recorded of it.
        SELECT array_agg(DISTINCT a.address_key) INTO keys FROM addresses a
         WHERE a.contact_id = ANY (people)
           AND NOT EXISTS (SELECT FROM addresses o
                            WHERE o.address_key = a.address_key AND o.contact_id <> ALL (people));
        SELECT array_agg(s.event_id) INTO entries FROM suppressions s WHERE s.address_key = ANY (keys);
        PERFORM end_entries(entries, 'staff', by_actor, 'the sample data was removed', 'sample data');
        -- What is being counted at this moment is waited for, and then taken off.
        PERFORM 1 FROM count_progress p FOR UPDATE;
        PERFORM uncount_sample(people);
        PERFORM set_config('touchline.retention', 'on', true);
        -- What hangs on the contact goes before it.
        FOR one IN SELECT * FROM personal_tables p ORDER BY p.position DESC, p.table_name LOOP
            PERFORM remove_sample_rows(one, people, keys);
        END LOOP;
        PERFORM set_config('touchline.retention', '', true);
    END IF;
    removed := coalesce(cardinality(people), 0);
    SELECT count(*) INTO remaining FROM contacts c WHERE c.is_sample;
    RETURN NEXT;
END $$;

-- Removes the sample's agents once its people are gone. What people gave them stays, and is nobody's.
CREATE FUNCTION remove_sample_agents() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gone uuid[];
    n bigint;
BEGIN
    IF EXISTS (SELECT FROM contacts c WHERE c.is_sample) THEN
        RAISE EXCEPTION 'there are still people of the sample' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'sample_people_first';
    END IF;
    SELECT array_agg(a.id) INTO gone
      FROM (SELECT a.id FROM agents a WHERE a.is_sample ORDER BY a.id FOR UPDATE) a;
    UPDATE contacts c SET owner_id = NULL, updated_at = now() WHERE c.owner_id = ANY (gone);
    UPDATE tasks k SET owner_id = NULL WHERE k.owner_id = ANY (gone);
    UPDATE users u SET agent_id = NULL WHERE u.agent_id = ANY (gone);
    DELETE FROM agents a WHERE a.id = ANY (gone);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

REVOKE ALL ON FUNCTION about_people, remove_sample_rows, uncount_sample, remove_sample_people,
    remove_sample_agents FROM PUBLIC;
GRANT EXECUTE ON FUNCTION remove_sample_people, remove_sample_agents TO touchline_console;
