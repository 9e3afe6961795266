-- How the console finds and lists contacts: by the beginning of the name, of its last word, of an
-- email address; and in the order of names, also within what a filter leaves. Compared byte by byte,
-- so that one index serves both the beginning and the order.
CREATE INDEX contacts_name ON contacts ((lower(full_name) COLLATE "C"), id);
CREATE INDEX contacts_last_name ON contacts
    ((lower(substring(full_name FROM '[^ ]+$')) COLLATE "C"));
CREATE INDEX contacts_owner ON contacts (owner_id, (lower(full_name) COLLATE "C"), id);
CREATE INDEX contacts_group ON contacts (contact_group, (lower(full_name) COLLATE "C"), id);
CREATE INDEX contacts_level ON contacts (level, (lower(full_name) COLLATE "C"), id);
CREATE INDEX contacts_source ON contacts (source, (lower(full_name) COLLATE "C"), id);
CREATE INDEX addresses_email ON addresses ((lower(value) COLLATE "C")) WHERE kind = 'email';
