-- Sample people: somebody to look around with, who never gets anything real. The mark is set when a
-- contact is stored and never changes; the claim hands it to the worker, whose gate ends what would
-- leave the house (domain::gate).

ALTER TABLE contacts ADD COLUMN is_sample boolean NOT NULL DEFAULT false;
ALTER TABLE agents ADD COLUMN is_sample boolean NOT NULL DEFAULT false;
-- Where there is no sample, whoever asks looks at an empty page.
CREATE INDEX contacts_sample ON contacts (id) WHERE is_sample;

-- Otherwise a real person could be removed with the sample, or one of the sample be written to.
CREATE FUNCTION refuse_other_sample() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'whether somebody is of the sample never changes' USING ERRCODE = 'check_violation',
        CONSTRAINT = TG_TABLE_NAME || '_is_sample_fixed';
END $$;
CREATE TRIGGER contacts_is_sample_fixed BEFORE UPDATE OF is_sample ON contacts FOR EACH ROW
    WHEN (OLD.is_sample <> NEW.is_sample) EXECUTE FUNCTION refuse_other_sample();
CREATE TRIGGER agents_is_sample_fixed BEFORE UPDATE OF is_sample ON agents FOR EACH ROW
    WHEN (OLD.is_sample <> NEW.is_sample) EXECUTE FUNCTION refuse_other_sample();

-- Other systems are not told of sample people: they would keep them, and might act on them.
CREATE FUNCTION is_event_of_sample(of_touch uuid, facts jsonb) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM contacts c
                    WHERE c.is_sample AND c.id = (facts ->> 'contact')::uuid)
        OR EXISTS (SELECT FROM touches t JOIN contacts c ON c.id = t.contact_id AND c.is_sample
                    WHERE t.id = of_touch)
        -- An address may be a real person's, too; then it is told, for them.
        OR coalesce((SELECT bool_and(c.id IS NOT NULL)
                       FROM jsonb_array_elements_text(facts -> 'contacts') AS f (id)
                       LEFT JOIN contacts c ON c.id = f.id::uuid AND c.is_sample), false)
$$;
CREATE FUNCTION keep_sample_to_ourselves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM contacts c WHERE c.is_sample)
       AND is_event_of_sample(NEW.touch_id, NEW.facts) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER webhook_events_of_sample BEFORE INSERT ON webhook_events
    FOR EACH ROW EXECUTE FUNCTION keep_sample_to_ourselves();

-- Who loaded and removed sample data, and how much of it; append-only.
CREATE TABLE sample_runs (
    id     uuid PRIMARY KEY DEFAULT uuid_v7(),
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    action text NOT NULL CHECK (action IN ('load', 'loaded', 'remove', 'removed')),
    actor  text NOT NULL CHECK (actor ~ '\S'),
    -- How much there was, by name.
    counts jsonb NOT NULL
);
CREATE TRIGGER sample_runs_append_only BEFORE UPDATE OR DELETE ON sample_runs
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT audit('sample_runs');

-- The work in hand: one row at most, so that nobody loads while somebody removes. A process that dies
-- with it leaves a row that is not told of any more; the next one to begin takes it.
CREATE TABLE sample_work (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id         uuid NOT NULL,
    is_removal boolean NOT NULL,
    actor      text NOT NULL,
    begun_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    told_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    percent    smallint NOT NULL DEFAULT 0,
    -- Why it ended before its end.
    problem    text
);

REVOKE ALL ON FUNCTION is_event_of_sample, keep_sample_to_ourselves FROM PUBLIC;
GRANT SELECT, INSERT ON sample_runs TO touchline_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON sample_work TO touchline_operator;
