-- Templates are edited as drafts, become versions by being approved, and are retired when they are
-- no longer to be sent. Workers see versions alone: a draft never reaches them.

-- Who approved a version in the console; NULL where it was loaded from a library.
ALTER TABLE template_versions ADD COLUMN actor text;
ALTER TABLE plan_versions ADD COLUMN actor text;

CREATE TABLE template_drafts (
    key       text PRIMARY KEY,
    id        uuid NOT NULL,
    source    jsonb NOT NULL,
    -- Who edited it last.
    actor     text NOT NULL,
    edited_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The version that was current when the draft was begun; NULL for a new template.
    based_on  integer,
    CONSTRAINT template_drafts_id_unique UNIQUE (id),
    CONSTRAINT template_drafts_key_form CHECK (key ~ '^[a-z0-9][a-z0-9_]{0,62}$')
);
SELECT audit('template_drafts');

CREATE TYPE template_action AS ENUM ('approve', 'retire', 'restore', 'discard');

-- What was decided about a template; append-only. The newest of approve, retire and restore says
-- whether it is sent: without any, a template that was loaded is.
CREATE TABLE template_decisions (
    id      uuid PRIMARY KEY,
    key     text NOT NULL,
    action  template_action NOT NULL,
    version integer,
    actor   text NOT NULL,
    reason  text NOT NULL DEFAULT '',
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX template_decisions_key ON template_decisions (key, at DESC);
CREATE TRIGGER template_decisions_append_only BEFORE UPDATE OR DELETE ON template_decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT audit('template_decisions');

-- Whether a template may be sent. Asked beside its version, every few seconds per worker and key.
CREATE FUNCTION is_retired(template text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT d.action = 'retire' FROM template_decisions d
                      WHERE d.key = template AND d.action <> 'discard'
                      ORDER BY d.at DESC, d.id DESC LIMIT 1), false)
$$;

GRANT SELECT ON template_decisions TO touchline_worker, touchline_scheduler, touchline_operator;
GRANT INSERT ON template_decisions TO touchline_operator;
GRANT SELECT ON template_drafts TO touchline_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON template_drafts TO touchline_console;

-- Who runs in a version, counted up to a limit before somebody saves the next one.
CREATE INDEX enrolments_running_version ON enrolments (plan_version_id)
    WHERE state IN ('active', 'paused');
