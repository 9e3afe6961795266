-- A template sent to whoever looks at it: asked for in the console, handed over by the worker of its
-- medium, outside of plans, touches and hints.
CREATE TYPE test_state AS ENUM
    ('waiting', 'sending', 'sent', 'listed', 'paused', 'refused', 'late', 'doubt');

-- What was rendered is kept nowhere: a row says as whom and in which language, and what came of it.
CREATE TABLE test_sends (
    id         uuid PRIMARY KEY,
    -- To whose own address it goes.
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    actor      text NOT NULL CHECK (actor ~ '\S'),
    medium     medium NOT NULL CHECK (medium IN ('email', 'sms')),
    -- The template, and its version; NULL for a draft.
    key        text NOT NULL,
    version    integer,
    -- The template as it was when the test was asked for; gone at the end. Workers read no drafts.
    compiled   jsonb,
    -- As whom it is rendered; NULL for an example.
    contact_id uuid,
    locale     locale NOT NULL,
    state      test_state NOT NULL DEFAULT 'waiting',
    asked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Which worker has it, and until when; of one that waits, when it is looked at again.
    worker     text,
    lease_until timestamptz,
    -- What the other side said, or why not: no address.
    answer     text,
    ended_at   timestamptz,
    CONSTRAINT test_sends_ended CHECK ((ended_at IS NULL) = (state IN ('waiting', 'sending'))),
    CONSTRAINT test_sends_compiled CHECK ((compiled IS NULL) = (ended_at IS NOT NULL))
);
CREATE INDEX test_sends_open ON test_sends (asked_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX test_sends_user ON test_sends (user_id, asked_at);
CREATE INDEX test_sends_contact ON test_sends (contact_id) WHERE contact_id IS NOT NULL;
SELECT audit('test_sends');

INSERT INTO personal_tables (position, table_name, via, column_name, on_erasure, emptied, remark)
VALUES (60, 'test_sends', 'contact', 'contact_id', 'delete', '{}', '');

-- `retire_rows` of create_people_rights, with tests.
CREATE OR REPLACE FUNCTION retire_rows(kind text, ids uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE n bigint;
BEGIN
    PERFORM set_config('touchline.retention', 'on', true);
    IF kind = 'consents' THEN
        DELETE FROM consent_uses u WHERE u.consent_id = ANY (ids);
        DELETE FROM consents c WHERE c.id = ANY (ids);
    ELSIF kind = 'consent_withdrawals' THEN
        DELETE FROM consent_withdrawals w WHERE w.id = ANY (ids);
    ELSIF kind = 'requests' THEN
        DELETE FROM rights_request_events e WHERE e.request_id = ANY (ids);
        DELETE FROM rights_requests r WHERE r.id = ANY (ids);
    ELSIF kind = 'tasks' THEN
        DELETE FROM tasks k WHERE k.id = ANY (ids) AND k.state <> 'open';
    ELSIF kind = 'tests' THEN
        DELETE FROM test_sends t WHERE t.id = ANY (ids);
    ELSE
        RAISE EXCEPTION
            'retire_rows knows consents, consent_withdrawals, requests, tasks and tests, not %', kind;
    END IF;
    GET DIAGNOSTICS n = ROW_COUNT;
    PERFORM set_config('touchline.retention', '', true);
    RETURN n;
END $$;

GRANT SELECT ON test_sends TO touchline_operator;
GRANT INSERT ON test_sends TO touchline_console;
GRANT SELECT, UPDATE (state, compiled, worker, lease_until, answer, ended_at) ON test_sends
    TO touchline_email_worker, touchline_sms_worker;
-- To whom it goes; an email worker reads them for its digests already.
GRANT SELECT (id, email, full_name, roles, agent_id, locale, created_at, disabled_at)
    ON users TO touchline_sms_worker;
