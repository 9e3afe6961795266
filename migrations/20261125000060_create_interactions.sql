-- What people and other systems note about a contact: a call, a meeting, a visit, a message, or just
-- something to remember. Append-only, but that the text goes when the person is erased.
CREATE TYPE interaction_kind AS ENUM ('note', 'call', 'meeting', 'visit', 'message');
CREATE TABLE interactions (
    id          uuid PRIMARY KEY,
    contact_id  uuid NOT NULL,
    kind        interaction_kind NOT NULL,
    -- Business time.
    happened_at timestamptz NOT NULL,
    note        text,
    actor       text NOT NULL CHECK (actor ~ '\S'),
    -- Machine time.
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX interactions_contact ON interactions (contact_id, happened_at);
CREATE TRIGGER interactions_append_only BEFORE UPDATE OR DELETE ON interactions
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_emptying('note');
SELECT audit('interactions');

INSERT INTO personal_tables (position, table_name, via, column_name, on_erasure, emptied, remark)
VALUES (59, 'interactions', 'contact', 'contact_id', 'empty', '{note}', 'what was noted about the person');

GRANT SELECT, INSERT ON interactions TO touchline_operator;
