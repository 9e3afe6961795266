-- Plans, templates and enrolments. Versions never change; running enrolments keep theirs.

CREATE TYPE channel AS ENUM
    ('email', 'sms', 'call', 'letter', 'card', 'drop_by', 'gift', 'event_invite', 'social');
CREATE TYPE medium AS ENUM ('email', 'sms', 'call');
CREATE TYPE lane AS ENUM ('hi', 'bulk');
CREATE TYPE enrolment_state AS ENUM ('active', 'paused', 'completed', 'stopped');

CREATE TABLE plan_versions (
    id         uuid PRIMARY KEY,
    key        text NOT NULL,
    version    integer NOT NULL,
    lane       lane NOT NULL,
    definition jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT plan_versions_key_version_unique UNIQUE (key, version)
);

CREATE TABLE template_versions (
    id         uuid PRIMARY KEY,
    key        text NOT NULL,
    version    integer NOT NULL,
    medium     medium NOT NULL,
    source     jsonb NOT NULL,
    -- MJML and CSS already compiled; what the workers render from.
    compiled   jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT template_versions_key_version_unique UNIQUE (key, version)
);

CREATE TRIGGER plan_versions_immutable BEFORE UPDATE OR DELETE ON plan_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER template_versions_immutable BEFORE UPDATE OR DELETE ON template_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE enrolments (
    id              uuid PRIMARY KEY,
    contact_id      uuid NOT NULL REFERENCES contacts (id),
    plan_version_id uuid NOT NULL REFERENCES plan_versions (id),
    plan_key        text NOT NULL,
    state           enrolment_state NOT NULL DEFAULT 'active',
    -- The recipient's local date of day 1.
    starts_on       date NOT NULL,
    cycle           smallint NOT NULL DEFAULT 0,
    -- One bit per step planned in this cycle (domain::planning::Progress).
    planned_steps   bigint NOT NULL DEFAULT 0,
    reason          text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
-- A contact is in a plan once at a time (domain.md T30).
CREATE UNIQUE INDEX enrolments_contact_plan_unique ON enrolments (contact_id, plan_key)
    WHERE state IN ('active', 'paused');
CREATE INDEX enrolments_contact ON enrolments (contact_id);
