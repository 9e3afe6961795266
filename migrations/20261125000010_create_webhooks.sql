-- Outgoing webhooks: what other systems are told of. What happened is written down in the transaction
-- that does it, if somebody wants to know it, and delivered by any process of the console.

-- domain::webhook::WebhookEvent
CREATE TYPE webhook_event AS ENUM (
    'touch_sent', 'touch_blocked', 'touch_skipped', 'touch_failed', 'touch_cancelled', 'touch_held',
    'touch_bounced', 'enrolment_started', 'enrolment_ended', 'suppression_added',
    'suppression_lifted', 'task_created', 'task_done', 'task_undone', 'reply_unclear',
    'contact_created', 'test');
CREATE TYPE webhook_action AS ENUM (
    'create', 'change', 'pause', 'resume', 'rotate', 'test', 'replay', 'remove');
CREATE TYPE webhook_pause AS ENUM ('person', 'failing', 'gone');
CREATE TYPE webhook_outcome AS ENUM ('delivered', 'retried', 'given_up');

CREATE TABLE webhooks (
    id             uuid PRIMARY KEY,
    name           text NOT NULL,
    url            text NOT NULL,
    events         webhook_event[] NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- What was done with it last, and by whom: a person, or the program. The audit log has it all.
    action         webhook_action NOT NULL,
    actor          text NOT NULL,
    -- Since when nothing is delivered, and why.
    paused_at      timestamptz,
    paused_because webhook_pause,
    -- It stays for the log.
    removed_at     timestamptz,
    CONSTRAINT webhooks_name_present CHECK (name <> ''),
    CONSTRAINT webhooks_events_present
        CHECK (cardinality(events) > 0 AND NOT 'test' = ANY (events)),
    CONSTRAINT webhooks_paused_because CHECK ((paused_at IS NULL) = (paused_because IS NULL))
);
SELECT audit('webhooks');

-- What messages are signed with, sealed by the deployment's key; apart, so that whoever reads or
-- verifies webhooks sees none of it.
CREATE TABLE webhook_secrets (
    id         uuid PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    sealed     bytea NOT NULL,
    -- Of a former secret: until when it signs, too.
    ends_at    timestamptz
);
CREATE INDEX webhook_secrets_webhook ON webhook_secrets (webhook_id);

-- Since when nothing could be delivered; a row only while that is so.
CREATE TABLE webhook_failures (
    webhook_id uuid PRIMARY KEY REFERENCES webhooks (id) ON DELETE CASCADE,
    since      timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What happened: ids and facts. What never changes of a touch is read when it is delivered.
CREATE TABLE webhook_events (
    id       uuid PRIMARY KEY DEFAULT uuid_v7(),
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind     webhook_event NOT NULL,
    touch_id uuid,
    facts    jsonb NOT NULL
);
CREATE INDEX webhook_events_at ON webhook_events (at);

-- What is to be delivered. A process takes a row by moving its time on by a lease: if it dies, the row
-- is due again.
CREATE TABLE webhook_queue (
    webhook_id uuid NOT NULL,
    event_id   uuid NOT NULL,
    due_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempt    smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (webhook_id, event_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX webhook_queue_due ON webhook_queue (webhook_id, due_at);

-- What came of each attempt; kept as long as the events are.
CREATE TABLE webhook_attempts (
    id          uuid PRIMARY KEY DEFAULT uuid_v7(),
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    webhook_id  uuid NOT NULL,
    event_id    uuid NOT NULL,
    kind        webhook_event NOT NULL,
    attempt     smallint NOT NULL,
    outcome     webhook_outcome NOT NULL,
    -- Of the answer, if there was one.
    status      smallint,
    duration_ms integer NOT NULL,
    -- Why there was none, or the first bytes of it.
    problem     text,
    answer      text
);
CREATE INDEX webhook_attempts_webhook ON webhook_attempts (webhook_id, id);
CREATE INDEX webhook_attempts_at ON webhook_attempts (at);

-- Webhooks for which events are written down: all but removed ones, and those that were paused for so
-- long that nobody seems to wait (domain::webhook::KEPT).
CREATE VIEW listening_webhooks AS
    SELECT id, events FROM webhooks
     WHERE removed_at IS NULL AND (paused_at IS NULL OR paused_at > now() - interval '7 days');

-- The code of a reason, without its detail.
CREATE FUNCTION told_reason(reason text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN reason_code(reason) ~ '^[a-z_]+$' THEN reason_code(reason) END
$$;

-- Puts an event into the queue of whoever wants it; others are not written down to begin with.
CREATE FUNCTION queue_webhook_events() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO webhook_queue (webhook_id, event_id)
    SELECT w.id, f.id FROM fresh f JOIN listening_webhooks w ON f.kind = ANY (w.events);
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_events_queued AFTER INSERT ON webhook_events
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION queue_webhook_events();

-- Each of these looks first whether anybody listens, once per statement; that is what a deployment
-- without webhooks pays (docs/performance.md).

-- History: what ended, and what came back. What a late worker reports moved nothing and is left out.
CREATE FUNCTION tell_of_touch_events() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM listening_webhooks w
                    WHERE w.events && '{touch_sent,touch_blocked,touch_skipped,touch_failed,
                                        touch_cancelled,touch_held,touch_bounced}') THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_events (kind, touch_id, facts)
    SELECT k.kind, f.touch_id,
           jsonb_strip_nulls(jsonb_build_object(
               'attempt', f.attempt, 'decided_at', f.decided_at, 'reason', told_reason(f.reason),
               'bounce_class', f.detail #>> '{bounced,class}',
               'bounce_status', f.detail #>> '{bounced,status}'))
      FROM fresh f
     CROSS JOIN LATERAL (
           SELECT CASE WHEN f.detail ? 'bounced' THEN 'touch_bounced'
                       WHEN f.detail ? 'late' THEN NULL
                       WHEN f.state = 'sent' THEN 'touch_sent'
                       WHEN f.state = 'blocked' THEN 'touch_blocked'
                       WHEN f.state = 'skipped' THEN 'touch_skipped'
                       WHEN f.state = 'failed' THEN 'touch_failed'
                       WHEN f.state = 'cancelled' THEN 'touch_cancelled'
                       WHEN f.state = 'held' THEN 'touch_held' END::webhook_event AS kind) k
     WHERE EXISTS (SELECT FROM listening_webhooks w WHERE k.kind = ANY (w.events));
    RETURN NULL;
END $$;
CREATE TRIGGER touch_events_told AFTER INSERT ON touch_events
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tell_of_touch_events();

CREATE FUNCTION tell_of_enrolments() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM listening_webhooks w WHERE 'enrolment_started' = ANY (w.events)) THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_events (kind, facts)
    SELECT 'enrolment_started',
           jsonb_build_object('enrolment', f.id, 'contact', f.contact_id, 'plan', f.plan_key,
                              'starts_on', f.starts_on)
      FROM fresh f;
    RETURN NULL;
END $$;
CREATE TRIGGER enrolments_told AFTER INSERT ON enrolments
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tell_of_enrolments();

-- By the row: enrolments change with every step that is planned, and end once.
CREATE FUNCTION tell_of_ended_enrolment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM listening_webhooks w WHERE 'enrolment_ended' = ANY (w.events)) THEN
        INSERT INTO webhook_events (kind, facts)
        VALUES ('enrolment_ended', jsonb_strip_nulls(jsonb_build_object(
            'enrolment', NEW.id, 'contact', NEW.contact_id, 'plan', NEW.plan_key,
            'state', NEW.state,
            -- Why else is in a person's words.
            'reason', CASE told_reason(NEW.reason) WHEN 'suppressed' THEN 'suppressed' END)));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER enrolments_ended_told AFTER UPDATE OF state ON enrolments
    FOR EACH ROW WHEN (NEW.state IN ('completed', 'stopped') AND OLD.state NOT IN ('completed', 'stopped'))
    EXECUTE FUNCTION tell_of_ended_enrolment();

-- The contacts of an address, or of a person's key.
CREATE FUNCTION contacts_of(key bytea) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_agg(c.contact_id ORDER BY c.contact_id), '[]')
      FROM (SELECT DISTINCT a.contact_id FROM addresses a WHERE a.address_key = key LIMIT 100) c
$$;

CREATE FUNCTION tell_of_suppressions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM listening_webhooks w
                    WHERE w.events && '{suppression_added,suppression_lifted}') THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_events (kind, touch_id, facts)
    SELECT k.kind, f.touch_id,
           jsonb_strip_nulls(jsonb_build_object(
               'entry', CASE f.action WHEN 'lift' THEN f.of_event ELSE f.id END,
               'scope', f.scope, 'channel', f.channel, 'topic', f.topic, 'reason', f.reason,
               'origin', f.origin, 'contacts', contacts_of(f.address_key)))
      FROM fresh f
     CROSS JOIN LATERAL (
           SELECT CASE f.action WHEN 'suppress' THEN 'suppression_added'
                                WHEN 'lift' THEN 'suppression_lifted' END::webhook_event AS kind) k
     WHERE EXISTS (SELECT FROM listening_webhooks w WHERE k.kind = ANY (w.events));
    RETURN NULL;
END $$;
CREATE TRIGGER suppression_events_told AFTER INSERT ON suppression_events
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tell_of_suppressions();

CREATE FUNCTION tell_of_tasks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM listening_webhooks w WHERE 'task_created' = ANY (w.events)) THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_events (kind, touch_id, facts)
    SELECT 'task_created', f.touch_id,
           jsonb_strip_nulls(jsonb_build_object('task', f.id, 'agent', f.owner_id, 'due_on', f.due_on))
      FROM fresh f;
    RETURN NULL;
END $$;
CREATE TRIGGER tasks_told AFTER INSERT ON tasks
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tell_of_tasks();

CREATE FUNCTION tell_of_task_events() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM listening_webhooks w WHERE w.events && '{task_done,task_undone}') THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_events (kind, touch_id, facts)
    SELECT k.kind, t.touch_id,
           jsonb_strip_nulls(jsonb_build_object('task', f.task_id, 'outcome', f.outcome,
                                                'decided_at', f.decided_at))
      FROM fresh f
      LEFT JOIN tasks t ON t.id = f.task_id
     CROSS JOIN LATERAL (
           SELECT CASE f.action WHEN 'done' THEN 'task_done'
                                WHEN 'undone' THEN 'task_undone' END::webhook_event AS kind) k
     WHERE EXISTS (SELECT FROM listening_webhooks w WHERE k.kind = ANY (w.events));
    RETURN NULL;
END $$;
CREATE TRIGGER task_events_told AFTER INSERT ON task_events
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tell_of_task_events();

CREATE FUNCTION tell_of_reviews() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM listening_webhooks w WHERE 'reply_unclear' = ANY (w.events)) THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_events (kind, facts)
    SELECT 'reply_unclear',
           jsonb_build_object('review', f.id, 'arrived_at', f.arrived_at, 'due_at', f.due_at,
                              'channel', CASE f.source WHEN 'mail' THEN 'email' ELSE 'sms' END,
                              'contacts', contacts_of(f.address_key))
      FROM fresh f;
    RETURN NULL;
END $$;
CREATE TRIGGER reviews_told AFTER INSERT ON reviews
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tell_of_reviews();

CREATE FUNCTION tell_of_contacts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM listening_webhooks w WHERE 'contact_created' = ANY (w.events)) THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_events (kind, facts)
    SELECT 'contact_created', jsonb_build_object('contact', f.id, 'source', f.source) FROM fresh f;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_told AFTER INSERT ON contacts
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tell_of_contacts();

REVOKE ALL ON FUNCTION queue_webhook_events, tell_of_touch_events, tell_of_enrolments,
    tell_of_ended_enrolment, contacts_of, tell_of_suppressions, tell_of_tasks, tell_of_task_events,
    tell_of_reviews, tell_of_contacts FROM PUBLIC;
-- `audit verify` reads every audited table.
GRANT SELECT ON webhooks TO touchline_operator;
GRANT SELECT, INSERT, UPDATE ON webhooks TO touchline_console;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_secrets, webhook_failures, webhook_queue
    TO touchline_console;
GRANT SELECT, INSERT, DELETE ON webhook_events, webhook_attempts TO touchline_console;
