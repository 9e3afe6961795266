-- On which legal basis a person is reached, per channel and purpose, with everything that proves it
-- (compliance.md PRV-01, PRV-15). An act of the person (or our own weighing) is recorded once and
-- covers channels and purposes. Nothing here is ever changed; a withdrawal is a row of its own.
-- Rows outlive the contact: whoever sent must be able to show why, so there is no foreign key.

CREATE TYPE legal_basis AS ENUM
    ('consent', 'implied_consent', 'soft_opt_in', 'legitimate_interest', 'contract', 'none');

CREATE TABLE consents (
    id            uuid PRIMARY KEY,
    contact_id    uuid NOT NULL,
    -- The address or number it was given for; NULL means whichever the contact has.
    address_key   bytea,
    basis         legal_basis NOT NULL,
    -- The seller or controller it was given to.
    controller    text NOT NULL,
    -- The exact text that was shown, its SHA-256 (the version), and its language.
    wording       text NOT NULL,
    wording_hash  bytea NOT NULL,
    language      text NOT NULL,
    -- The request as it was presented: a picture, a page, a form.
    snapshot_name text,
    snapshot      bytea,
    -- What the person did: ticked a box, signed, answered YES.
    act           text NOT NULL,
    given_at      timestamptz NOT NULL,
    given_zone    text NOT NULL,
    -- Where: a URL, a form, an agent, a recording.
    source        text NOT NULL,
    ip            text,
    user_agent    text,
    -- The proof that the address confirmed it.
    double_opt_in text,
    -- The weighing of interests, or the signed agreement.
    document      text,
    document_on   date,
    expires_at    timestamptz,
    actor         text NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT consents_controller_present CHECK (controller <> ''),
    CONSTRAINT consents_source_present CHECK (source <> ''),
    CONSTRAINT consents_consent_shown CHECK (basis <> 'consent' OR (wording <> '' AND act <> '')),
    CONSTRAINT consents_interest_weighed
        CHECK (basis <> 'legitimate_interest' OR (document <> '' AND document_on IS NOT NULL)),
    CONSTRAINT consents_implied_ends CHECK (basis <> 'implied_consent' OR expires_at IS NOT NULL),
    CONSTRAINT consents_ends_after CHECK (expires_at > given_at),
    CONSTRAINT consents_snapshot_named CHECK ((snapshot IS NULL) = (snapshot_name IS NULL)),
    CONSTRAINT consents_hash_length CHECK (octet_length(wording_hash) = 32)
);
CREATE INDEX consents_contact ON consents (contact_id, given_at);

-- What a record covers.
CREATE TABLE consent_uses (
    consent_id uuid NOT NULL REFERENCES consents (id),
    channel    contact_channel NOT NULL,
    purpose    purpose NOT NULL,
    PRIMARY KEY (consent_id, channel, purpose)
);

CREATE TABLE consent_withdrawals (
    id                uuid PRIMARY KEY,
    contact_id        uuid NOT NULL,
    channel           contact_channel NOT NULL,
    purpose           purpose NOT NULL,
    withdrawn_at      timestamptz NOT NULL,
    recorded_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor             text NOT NULL,
    evidence          text NOT NULL,
    -- The entry of the list that it led to.
    suppression_event uuid,
    CONSTRAINT consent_withdrawals_evidence_present CHECK (evidence <> '')
);
CREATE INDEX consent_withdrawals_contact ON consent_withdrawals (contact_id, withdrawn_at);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['consents', 'consent_uses', 'consent_withdrawals'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I
                        FOR EACH ROW EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                       name || '_no_truncate', name);
    END LOOP;
END $$;

-- Workers ask for the basis, and need no more of a record than that; inbound records withdrawals.
GRANT SELECT (id, contact_id, address_key, basis, given_at, expires_at) ON consents
    TO touchline_worker;
GRANT SELECT ON consent_uses, consent_withdrawals TO touchline_worker;
GRANT INSERT ON consent_withdrawals TO touchline_inbound;
GRANT SELECT, INSERT ON consents, consent_uses, consent_withdrawals TO touchline_operator;
