-- Who gave whose open tasks, and contacts, to whom, and why; append-only.
CREATE TABLE handovers (
    id         uuid PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Whose they were; NULL for what was nobody's.
    from_agent uuid,
    to_agent   uuid NOT NULL,
    -- For one person's: whose tasks they are.
    contact_id uuid,
    tasks      bigint NOT NULL,
    contacts   bigint NOT NULL,
    reason     text,
    actor      text NOT NULL CHECK (actor ~ '\S')
);
CREATE INDEX handovers_contact ON handovers (contact_id) WHERE contact_id IS NOT NULL;
CREATE TRIGGER handovers_append_only BEFORE UPDATE OR DELETE ON handovers
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_emptying('reason');
SELECT audit('handovers');

INSERT INTO personal_tables (position, table_name, via, column_name, on_erasure, emptied, remark)
VALUES (59, 'handovers', 'contact', 'contact_id', 'empty', '{reason}',
        'which agent looks after the contact, and since when');

GRANT SELECT, INSERT ON handovers TO touchline_operator;
