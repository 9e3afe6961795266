-- What the gate asks about first messages, and how people's tasks ended.

-- Whom a marketing touch has ever reached on a channel, as far as contact_sends does not say so any
-- more: what its sweep forgets is noted here once (compliance.md EML-19, SMS-26). No row is written
-- while sending.
CREATE TABLE earlier_sends (
    contact_id uuid NOT NULL,
    channel    contact_channel NOT NULL,
    PRIMARY KEY (contact_id, channel)
);
INSERT INTO personal_tables (position, table_name, via, column_name, on_erasure, emptied, remark)
VALUES (56, 'earlier_sends', 'contact', 'contact_id', 'delete', '{}', ''),
       (57, 'counted_returns', 'touch', 'touch_id', 'keep', '{}', 'that a touch came back, ids alone')
ON CONFLICT DO NOTHING;
GRANT SELECT ON earlier_sends TO touchline_worker, touchline_operator;
GRANT SELECT, INSERT ON earlier_sends TO touchline_scheduler;

-- How a task ended, by whose word.
CREATE TYPE task_outcome AS ENUM ('answered', 'unanswered', 'refused');
ALTER TABLE tasks
    ADD COLUMN outcome task_outcome,
    ADD COLUMN closed_by text,
    ADD CONSTRAINT tasks_outcome_signed CHECK ((outcome IS NULL) = (closed_by IS NULL)),
    ADD CONSTRAINT tasks_outcome_when_done CHECK (outcome IS NULL OR state = 'done');
