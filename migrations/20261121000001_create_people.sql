-- People: agents, contacts and their addresses.

CREATE TYPE locale AS ENUM ('en', 'ar');
CREATE TYPE contact_group AS ENUM
    ('general_public', 'target', 'met', 'allied', 'advocate', 'core_advocate');
CREATE TYPE contact_status AS ENUM ('active', 'potential');
CREATE TYPE contact_level AS ENUM ('A', 'B', 'C');
CREATE TYPE address_kind AS ENUM ('email', 'phone', 'postal', 'person');
CREATE TYPE contact_channel AS ENUM ('email', 'sms', 'call', 'post', 'person');

CREATE TABLE agents (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    email      text NOT NULL,
    phone      text NOT NULL DEFAULT '',
    locale     locale NOT NULL DEFAULT 'en',
    time_zone  text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT agents_email_unique UNIQUE (email)
);

CREATE TABLE contacts (
    id              uuid PRIMARY KEY,
    -- The identity in the system a contact was imported from; names the row to update.
    external_id     text,
    full_name       text NOT NULL,
    first_name      text NOT NULL,
    locale          locale NOT NULL DEFAULT 'en',
    time_zone       text,
    country         text,
    state           text,
    city            text,
    area            text,
    contact_group   contact_group NOT NULL DEFAULT 'target',
    status          contact_status NOT NULL DEFAULT 'potential',
    level           contact_level NOT NULL DEFAULT 'C',
    contact_type    text NOT NULL DEFAULT 'other',
    source          text NOT NULL,
    owner_id        uuid REFERENCES agents (id),
    birthday        date,
    spouse_birthday date,
    closing_date    date,
    notes           text,
    -- Inner-circle and user-defined fields (domain.md S51–S69).
    custom          jsonb NOT NULL DEFAULT '{}',
    -- Of the imported row: an import that changes nothing is seen without comparing columns.
    digest          bytea,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT contacts_external_id_unique UNIQUE (external_id),
    CONSTRAINT contacts_full_name_present CHECK (full_name <> ''),
    CONSTRAINT contacts_source_present CHECK (source <> '')
);

CREATE TABLE addresses (
    id          uuid PRIMARY KEY,
    contact_id  uuid NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    kind        address_kind NOT NULL,
    -- home, mobile, work, fax …
    label       text NOT NULL DEFAULT '',
    -- What is sent to: the email as entered, the phone in E.164, the postal address in lines.
    value       text NOT NULL,
    address_key bytea NOT NULL,
    -- The first usable address of a kind is the one that is used.
    position    smallint NOT NULL DEFAULT 0,
    -- Why it cannot be used for SMS or calls; NULL means it can.
    sms_problem  text,
    call_problem text,
    CONSTRAINT addresses_contact_key_unique UNIQUE (contact_id, kind, address_key),
    CONSTRAINT addresses_key_length CHECK (octet_length(address_key) = 32)
);
CREATE INDEX addresses_key ON addresses (address_key);
