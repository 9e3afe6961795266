-- One role per service with the least it needs. Roles belong to the whole server; a second
-- database on it finds them there. A service logs in as whoever its URL names and takes its role
-- at once (SET ROLE); give each service's login membership of its own role only.

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['touchline_worker', 'touchline_scheduler', 'touchline_email_worker',
        'touchline_sms_worker', 'touchline_call_worker', 'touchline_inbound', 'touchline_operator']
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
    BEGIN
        GRANT touchline_worker TO touchline_email_worker, touchline_sms_worker, touchline_call_worker;
    EXCEPTION WHEN unique_violation OR internal_error THEN NULL;  -- Another database does the same.
    END;
END $$;

-- What the deployment is: checked by every process at start.
CREATE TABLE deployment (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    -- Fingerprint of the address key: with another key the list would match nobody.
    key_fingerprint bytea NOT NULL
);

-- Every service checks at start that the schema is the one it knows.
GRANT SELECT ON _sqlx_migrations TO touchline_worker, touchline_scheduler, touchline_inbound;
GRANT USAGE ON SCHEMA public TO touchline_worker, touchline_scheduler, touchline_inbound,
    touchline_operator;
REVOKE ALL ON FUNCTION suppress, lift, ensure_partitions FROM PUBLIC;

-- Workers: read what they need to decide and render; move touches on; add to the list.
GRANT SELECT ON agents, contacts, addresses, address_states, suppressions, plan_versions,
    template_versions, enrolments, touches, inflight, outbox, due_touches, deployment
    TO touchline_worker;
GRANT UPDATE (state, attempt, failures, doubts, worker, reason, provider_ref, sent_at, due_at, epoch)
    ON touches TO touchline_worker;
GRANT UPDATE (lockable) ON address_states TO touchline_worker;
GRANT INSERT, UPDATE, DELETE ON inflight TO touchline_worker;
GRANT INSERT ON due_touches, touch_events TO touchline_worker;
GRANT DELETE ON outbox TO touchline_worker;
GRANT EXECUTE ON FUNCTION suppress TO touchline_worker;
GRANT SELECT, INSERT ON tasks TO touchline_call_worker;

-- Scheduler: what is due, planning, the outbox, the sweep.
GRANT SELECT ON agents, contacts, addresses, address_states, plan_versions, template_versions,
    enrolments, touches, inflight, outbox, due_touches, deployment TO touchline_scheduler;
GRANT INSERT ON touches, enrolments, touch_events TO touchline_scheduler;
GRANT UPDATE (state, epoch, address_key, state_channel, doubts, reason, due_at)
    ON touches TO touchline_scheduler;
GRANT UPDATE (state, cycle, planned_steps, reason, updated_at) ON enrolments TO touchline_scheduler;
GRANT INSERT, UPDATE, DELETE ON due_touches, outbox, inflight TO touchline_scheduler;
GRANT EXECUTE ON FUNCTION ensure_partitions TO touchline_scheduler;

-- Inbound: adds to the list, and reads who a token speaks of.
GRANT SELECT ON contacts, addresses, address_states, suppressions, inflight, touches, deployment
    TO touchline_inbound;
GRANT INSERT ON suppression_events TO touchline_inbound;
GRANT EXECUTE ON FUNCTION suppress TO touchline_inbound;

-- The command line: everything people do. History stays append-only for it too.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO touchline_operator;
GRANT INSERT, UPDATE ON agents, contacts, addresses, enrolments, tasks, deployment
    TO touchline_operator;
GRANT DELETE ON addresses TO touchline_operator;
GRANT INSERT ON plan_versions, template_versions, touches, touch_events, suppression_events
    TO touchline_operator;
GRANT INSERT, UPDATE ON address_states, suppressions TO touchline_operator;
GRANT UPDATE ON touches TO touchline_operator;
GRANT INSERT, UPDATE, DELETE ON due_touches, outbox, inflight TO touchline_operator;
GRANT EXECUTE ON FUNCTION suppress, lift, ensure_partitions TO touchline_operator;
