-- What the gate asks besides the list: how often a person was reached, what else of theirs is in
-- hand, what happened between the person and us, days without messages, and pauses. Workers read all
-- of it for a whole batch in one statement, after their claims are committed (gate_facts.sql).

-- A claimed touch is a reservation: until its outcome is recorded it counts as if it were sent, so
-- that of two touches of a person under way at once neither slips past a cap.
ALTER TABLE inflight
    ADD COLUMN contact_id uuid,
    ADD COLUMN purpose purpose;
CREATE INDEX inflight_contact ON inflight (contact_id);

-- The marketing touches that were handed over, or may have been; what caps count (compliance.md
-- QH-12). Business time. Rows older than the longest span of any rule go with the scheduler's sweep.
CREATE TABLE contact_sends (
    contact_id uuid NOT NULL,
    touch_id   uuid NOT NULL,
    channel    contact_channel NOT NULL,
    topic      text NOT NULL,
    at         timestamptz NOT NULL,
    -- Of calls: whether the person heard it out, and whether the person refused.
    answered   boolean NOT NULL DEFAULT false,
    refused    boolean NOT NULL DEFAULT false,
    -- The gate's question is answered from the index alone: a contact's rows lie far apart.
    PRIMARY KEY (contact_id, touch_id) INCLUDE (channel, topic, at, answered, refused)
) WITH (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000);
-- For the sweep.
CREATE INDEX contact_sends_at ON contact_sends (at) WHERE NOT refused;

-- What happened between a person and the seller; exemptions are computed from it, never typed in
-- (CALL-10). Append-only. Rows outlive the contact, as consents do.
CREATE TYPE relationship_kind AS ENUM ('transaction', 'inquiry');
CREATE TABLE relationships (
    id          uuid PRIMARY KEY,
    contact_id  uuid NOT NULL,
    kind        relationship_kind NOT NULL,
    happened_on date NOT NULL,
    -- A closing, a form, a message.
    evidence    text NOT NULL,
    actor       text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT relationships_evidence_present CHECK (evidence <> '')
);
CREATE INDEX relationships_contact ON relationships (contact_id, happened_on);

-- The property a person is called about, and why (CALL-13); the newest row of a contact counts, and
-- one without a listing ends the matter. Append-only.
CREATE TYPE listing AS ENUM ('fsbo', 'expired_ours', 'expired_other', 'withdrawn_other');
CREATE TYPE call_purpose AS ENUM ('solicit_listing', 'buyer_representation', 'follow_up');
CREATE TABLE contact_listings (
    id          uuid PRIMARY KEY,
    contact_id  uuid NOT NULL,
    listing     listing,
    purpose     call_purpose NOT NULL,
    -- The active buyer a call is made for.
    buyer_id    uuid,
    evidence    text NOT NULL,
    actor       text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT contact_listings_evidence_present CHECK (evidence <> ''),
    CONSTRAINT contact_listings_buyer_for_buyers
        CHECK (buyer_id IS NULL OR purpose = 'buyer_representation')
);
CREATE INDEX contact_listings_contact ON contact_listings (contact_id, recorded_at);

-- Days on which the team reaches nobody, on one channel or on all; local days of the recipient.
CREATE TABLE blackouts (
    id         uuid PRIMARY KEY,
    first_day  date NOT NULL,
    last_day   date NOT NULL,
    channel    contact_channel,
    reason     text NOT NULL,
    actor      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at timestamptz,
    removed_by text,
    removed_why text,
    CONSTRAINT blackouts_days_in_order CHECK (first_day <= last_day),
    CONSTRAINT blackouts_reason_present CHECK (reason <> ''),
    CONSTRAINT blackouts_removal_signed
        CHECK ((removed_at IS NULL) = (removed_by IS NULL) AND (removed_at IS NULL) = (removed_why IS NULL))
);

-- What a circuit breaker or a person has stopped, and since when; lifted by a person alone.
CREATE TYPE pause_scope AS ENUM ('everything', 'channel', 'sender_domain', 'plan', 'import');
CREATE TABLE pauses (
    id         uuid PRIMARY KEY,
    scope      pause_scope NOT NULL,
    -- The channel (email, sms, call, post, person), domain, plan or source; empty for everything.
    key        text NOT NULL,
    since      timestamptz NOT NULL,
    reason     text NOT NULL,
    evidence   jsonb NOT NULL DEFAULT '{}',
    lifted_at  timestamptz,
    lifted_by  text,
    lift_note  text,
    CONSTRAINT pauses_key_fits CHECK ((scope = 'everything') = (key = '')),
    CONSTRAINT pauses_reason_present CHECK (reason <> ''),
    CONSTRAINT pauses_lift_signed
        CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lift_note IS NULL))
);
-- One open pause per thing: a breaker that trips twice finds it.
CREATE UNIQUE INDEX pauses_open ON pauses (scope, key) WHERE lifted_at IS NULL;

-- When a person wants to be reached, local time, HH:MM-HH:MM.
ALTER TABLE contacts ADD COLUMN preferred_hours text;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['relationships', 'contact_listings'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I
                        FOR EACH ROW EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                       name || '_no_truncate', name);
    END LOOP;
END $$;

GRANT SELECT ON contact_sends, relationships, contact_listings, blackouts, pauses
    TO touchline_worker, touchline_operator;
GRANT INSERT, UPDATE ON contact_sends TO touchline_worker, touchline_scheduler;
GRANT SELECT, DELETE ON contact_sends TO touchline_scheduler;
GRANT UPDATE (answered, refused) ON contact_sends TO touchline_operator;
GRANT SELECT, INSERT ON pauses TO touchline_scheduler;
GRANT INSERT ON relationships, contact_listings, blackouts, pauses TO touchline_operator;
GRANT UPDATE (removed_at, removed_by, removed_why) ON blackouts TO touchline_operator;
GRANT UPDATE (lifted_at, lifted_by, lift_note) ON pauses TO touchline_operator;
-- A signed agreement exempts a call from a registry (CALL-12).
GRANT SELECT (document, document_on) ON consents TO touchline_worker;
