-- How agents work their tasks: in which order, what they say of one, putting it off, taking it back.

ALTER TYPE task_outcome ADD VALUE 'voicemail';
ALTER TYPE task_outcome ADD VALUE 'wrong_number';
ALTER TYPE task_outcome ADD VALUE 'appointment';
ALTER TYPE task_outcome ADD VALUE 'done';

ALTER TABLE tasks
    -- Which comes first: 3 for a plan that may wait, and the contact's level (0 for A, 2 for C).
    ADD COLUMN rank smallint NOT NULL DEFAULT 5,
    -- What the agent wrote down when it was closed.
    ADD COLUMN note text;

CREATE FUNCTION task_rank(plan_lane lane, level contact_level) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (CASE plan_lane WHEN 'hi' THEN 0 ELSE 3 END
            + CASE level WHEN 'A' THEN 0 WHEN 'B' THEN 1 ELSE 2 END)::smallint
$$;
UPDATE tasks k SET rank = task_rank(v.lane, c.level)
  FROM touches t, plan_versions v, contacts c
 WHERE k.state = 'open' AND t.id = k.touch_id AND v.id = t.plan_version_id AND c.id = k.contact_id;

-- An agent's open tasks, everybody's in their order, what was done today, what was done with somebody.
CREATE INDEX tasks_owner ON tasks (owner_id, due_on) WHERE state = 'open';
CREATE INDEX tasks_rank ON tasks (rank, due_on, id) WHERE state = 'open';
CREATE INDEX tasks_closed ON tasks (closed_at) WHERE state = 'done';
DROP INDEX tasks_contact;
CREATE INDEX tasks_contact ON tasks (contact_id);

-- What people did with tasks; append-only.
CREATE TYPE task_action AS ENUM ('done', 'snoozed', 'undone');
CREATE TABLE task_events (
    id         uuid PRIMARY KEY,
    -- Machine time: how long something can be taken back is counted by it.
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Business time.
    decided_at timestamptz NOT NULL,
    task_id    uuid NOT NULL,
    contact_id uuid NOT NULL,
    action     task_action NOT NULL,
    outcome    task_outcome,
    -- Of one that was put off: the day it was on, and the one it is on now.
    from_day   date,
    to_day     date,
    note       text,
    actor      text NOT NULL CHECK (actor ~ '\S'),
    CONSTRAINT task_events_outcome_when_done CHECK ((outcome IS NOT NULL) = (action = 'done')),
    CONSTRAINT task_events_days_when_snoozed
        CHECK ((from_day IS NOT NULL AND to_day IS NOT NULL) = (action = 'snoozed'))
);
CREATE INDEX task_events_task ON task_events (task_id, at);
CREATE INDEX task_events_contact ON task_events (contact_id, at);
CREATE TRIGGER task_events_append_only BEFORE UPDATE OR DELETE ON task_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_emptying('note');
SELECT audit('task_events');

UPDATE personal_tables SET emptied = '{title,script,note}' WHERE table_name = 'tasks';
INSERT INTO personal_tables (position, table_name, via, column_name, on_erasure, emptied, remark)
VALUES (58, 'task_events', 'contact', 'contact_id', 'empty', '{note}',
        'what was done with a task, and when');

GRANT SELECT, INSERT ON task_events TO touchline_operator;
