-- The touches and the narrow tables around them.
--
-- No index of `touches` names its state, epoch, lease or due time, so that each step of a touch's
-- life is a heap-only update (pipeline.md §3.1). What has to be found by time or by state lives in
-- insert/delete tables of its own: due_touches, outbox, inflight.

CREATE TYPE touch_state AS ENUM
    ('scheduled', 'queued', 'sending', 'unknown', 'held',
     'sent', 'blocked', 'skipped', 'failed', 'cancelled');

CREATE TABLE touches (
    id              uuid NOT NULL,
    -- The month the touch was first due; fixed, so that it never moves between partitions.
    due_month       date NOT NULL,
    contact_id      uuid NOT NULL,
    enrolment_id    uuid NOT NULL,
    plan_version_id uuid NOT NULL,
    step            smallint NOT NULL,
    cycle           smallint NOT NULL,
    channel         channel NOT NULL,
    state           touch_state NOT NULL DEFAULT 'scheduled',
    due_at          timestamptz NOT NULL,
    -- Counts the hints: an older hint finds nothing to claim.
    epoch           integer NOT NULL DEFAULT 0,
    -- Counts the claims: the fence against a worker that comes back from the dead.
    attempt         smallint NOT NULL DEFAULT 0,
    -- Counts the attempts that failed for now; decides the next wait.
    failures        smallint NOT NULL DEFAULT 0,
    -- How often it came out unknown; bounds the possible duplicates.
    doubts          smallint NOT NULL DEFAULT 0,
    -- The address it goes to, decided when it is queued; the person's key when there is none.
    address_key     bytea,
    state_channel   contact_channel,
    worker          text,
    reason          text,
    provider_ref    text,
    sent_at         timestamptz,
    PRIMARY KEY (id, due_month)
) PARTITION BY RANGE (due_month);
CREATE INDEX touches_enrolment ON touches (enrolment_id);
CREATE INDEX touches_contact ON touches (contact_id);

CREATE TABLE due_touches (
    due_at    timestamptz NOT NULL,
    touch_id  uuid NOT NULL,
    due_month date NOT NULL,
    PRIMARY KEY (due_at, touch_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);

-- A hint that has not been claimed yet: written with the state, stamped when the broker confirmed
-- it, deleted by the claim. What stays too long is published again by the sweep.
CREATE TABLE outbox (
    touch_id     uuid NOT NULL,
    epoch        integer NOT NULL,
    due_month    date NOT NULL,
    medium       medium NOT NULL,
    lane         lane NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz,
    PRIMARY KEY (touch_id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);

-- A claimed touch whose outcome is not recorded yet.
CREATE TABLE inflight (
    touch_id    uuid PRIMARY KEY,
    due_month   date NOT NULL,
    attempt     smallint NOT NULL,
    address_key bytea NOT NULL,
    channel     contact_channel NOT NULL,
    worker      text NOT NULL,
    lease_until timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX inflight_address ON inflight (address_key);

-- What happened to a touch, attempt by attempt; append-only.
CREATE TABLE touch_events (
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    touch_id     uuid NOT NULL,
    attempt      smallint NOT NULL,
    -- Business time; differs from `at` under a simulated clock.
    decided_at   timestamptz NOT NULL,
    state        touch_state NOT NULL,
    worker       text NOT NULL,
    reason       text,
    provider_ref text,
    template_version_id uuid,
    -- What the gate saw: zones, local time, window, address problems.
    detail       jsonb
) PARTITION BY RANGE (at);
CREATE INDEX touch_events_touch ON touch_events (touch_id);
CREATE TRIGGER touch_events_append_only BEFORE UPDATE OR DELETE ON touch_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TYPE task_state AS ENUM ('open', 'done', 'dropped');
CREATE TABLE tasks (
    id         uuid PRIMARY KEY,
    -- One task per touch, whatever is retried.
    touch_id   uuid NOT NULL,
    contact_id uuid NOT NULL,
    owner_id   uuid,
    channel    channel NOT NULL,
    title      text NOT NULL,
    script     text NOT NULL,
    -- The owner's local day.
    due_on     date NOT NULL,
    due_at     timestamptz NOT NULL,
    state      task_state NOT NULL DEFAULT 'open',
    created_at timestamptz NOT NULL,
    CONSTRAINT tasks_touch_unique UNIQUE (touch_id)
);
CREATE INDEX tasks_due ON tasks (due_on) WHERE state = 'open';

-- Creates the monthly partitions of `touches` or `touch_events` that cover the given months.
-- A table is made alone and then attached, which locks the parent only briefly.
CREATE FUNCTION ensure_partitions(parent text, months date[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE month date; name text; upper_bound date;
BEGIN
    IF parent NOT IN ('touches', 'touch_events') THEN
        RAISE EXCEPTION 'ensure_partitions knows touches and touch_events, not %', parent;
    END IF;
    FOREACH month IN ARRAY months LOOP
        month := date_trunc('month', month)::date;
        upper_bound := (month + interval '1 month')::date;
        name := parent || to_char(month, '"_"YYYY"_"MM');
        CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
        PERFORM pg_advisory_xact_lock(7310984);
        CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)'
                       ' WITH (fillfactor = %s)', name, parent,
                       CASE parent WHEN 'touches' THEN 70 ELSE 100 END);
        EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                       parent, name, month, upper_bound);
    END LOOP;
END $$;

-- The flag that stops a channel (domain::Channel::contact_channel).
CREATE FUNCTION contact_channel_of(c channel) RETURNS contact_channel
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE c
        WHEN 'email' THEN 'email' WHEN 'event_invite' THEN 'email'
        WHEN 'sms' THEN 'sms' WHEN 'call' THEN 'call'
        WHEN 'letter' THEN 'post' WHEN 'card' THEN 'post' WHEN 'drop_by' THEN 'post'
        ELSE 'person' END::contact_channel
$$;
-- The kind of address a channel needs.
CREATE FUNCTION address_kind_of(c channel) RETURNS address_kind
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE c
        WHEN 'email' THEN 'email' WHEN 'event_invite' THEN 'email'
        WHEN 'sms' THEN 'phone' WHEN 'call' THEN 'phone'
        WHEN 'letter' THEN 'postal' WHEN 'card' THEN 'postal' WHEN 'drop_by' THEN 'postal'
        ELSE 'person' END::address_kind
$$;
-- The medium that carries a channel (domain::Channel::medium).
CREATE FUNCTION medium_of(c channel) RETURNS medium
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE c WHEN 'email' THEN 'email' WHEN 'event_invite' THEN 'email'
                  WHEN 'sms' THEN 'sms' ELSE 'call' END::medium
$$;
