-- What the fleet does, by the minute, and how the database is, for a page that people look at all day:
-- counted behind the back of whoever sends, like what circuit breakers look at, in the same pass.

-- Everything is counted twice, by the minute for the last hour and by the hour for the last day, so
-- that neither sum reads more than some hundred rows.
CREATE TABLE state_counts (
    -- How many minutes a row stands for: 1 or 60.
    minutes smallint NOT NULL,
    -- Where they begin, machine time.
    since   timestamptz NOT NULL,
    medium  medium NOT NULL,
    -- What attempts led to.
    state   touch_state NOT NULL,
    count   bigint NOT NULL,
    PRIMARY KEY (minutes, since, medium, state)
) WITH (fillfactor = 50);
GRANT SELECT ON state_counts TO touchline_operator;

-- Counts ends of attempts between two instants. A touch is looked for among those first due in the
-- last months: each month more is one look-up more per event.
CREATE OR REPLACE FUNCTION count_attempts(
    after timestamptz, until timestamptz, business timestamptz, sender_domain text
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH ends AS MATERIALIZED (
        SELECT e.at, e.touch_id, e.decided_at, e.state, reason_code(e.reason) AS code
          FROM touch_events e WHERE e.at > after AND e.at <= until
    ),
    found AS MATERIALIZED (
        SELECT x.at, x.decided_at, x.state, x.code, t.plan_version_id, t.contact_id, t.channel,
               medium_of(t.channel) AS medium
          FROM ends x
         CROSS JOIN LATERAL (
               SELECT t.channel, t.contact_id, t.plan_version_id FROM touches t
                WHERE t.id = x.touch_id
                  AND t.due_month BETWEEN (date_trunc('month', business) - interval '3 months')::date
                                      AND (business + interval '1 day')::date
                LIMIT 1) t
    ),
    shown AS (
        INSERT INTO state_counts AS c (minutes, since, medium, state, count)
        SELECT g.minutes, date_trunc(g.name, f.minute), f.medium, f.state, sum(f.count)
          FROM (SELECT date_trunc('minute', x.at) AS minute, x.medium, x.state, count(*) AS count
                  FROM found x GROUP BY 1, 2, 3) f,
               (VALUES (1, 'minute'), (60, 'hour')) AS g (minutes, name)
         GROUP BY 1, 2, 3, 4
        ON CONFLICT (minutes, since, medium, state) DO UPDATE SET count = c.count + excluded.count
    ),
    attempts AS (
        SELECT date_trunc('second', f.decided_at) AS second, f.plan_version_id, f.medium::text AS medium,
               (SELECT c.source FROM contacts c WHERE c.id = f.contact_id) AS source,
               f.state = 'sent' AS sent,
               f.state = 'failed' AND f.code IN ('refused', 'bad_address') AS refused,
               -- Through a relay a deferral may be the recipient's; a gateway speaks for itself.
               f.state <> 'sent' AND (f.code IN ('unreachable', 'misconfigured', 'in_doubt')
                   OR f.code = 'deferred' AND f.medium = 'sms') AS failed
          FROM found f
         WHERE f.state IN ('sent', 'failed', 'scheduled', 'unknown') AND f.medium <> 'call'
    ),
    -- Few rows, before each is looked at four times.
    seconds AS MATERIALIZED (
        SELECT a.second, v.key AS plan, a.medium, a.source,
               count(*) FILTER (WHERE a.sent) AS sent,
               count(*) FILTER (WHERE a.refused) AS refused,
               count(*) FILTER (WHERE a.failed) AS failed
          FROM attempts a JOIN plan_versions v ON v.id = a.plan_version_id
         WHERE a.sent OR a.refused OR a.failed
         GROUP BY 1, 2, 3, 4
    ),
    tallied AS (
        SELECT s.scope, s.key, count_bucket(s.scope, s.key, a.second) AS since,
               sum(a.sent) AS sent, sum(a.refused) AS refused, sum(a.failed) AS failed
          FROM seconds a
         CROSS JOIN LATERAL (VALUES
               ('sender_domain'::pause_scope, CASE a.medium WHEN 'email' THEN sender_domain END),
               ('plan', a.plan), ('import', a.source), ('channel', a.medium)) AS s (scope, key)
         WHERE s.key IS NOT NULL
         GROUP BY 1, 2, 3
    )
    INSERT INTO send_counts AS c (scope, key, since, sent, refused, gateway_errors)
    SELECT scope, key, since, sent, refused, failed FROM tallied
    ON CONFLICT (scope, key, since) DO UPDATE
       SET sent = c.sent + excluded.sent, refused = c.refused + excluded.refused,
           gateway_errors = c.gateway_errors + excluded.gateway_errors
$$;

-- Forgets what no window reaches any more.
CREATE OR REPLACE FUNCTION forget_counts(business timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM send_counts
     WHERE since < business - CASE scope WHEN 'channel' THEN interval '1 day' ELSE interval '9 days' END;
    DELETE FROM counted_returns WHERE counted_at < clock_timestamp() - interval '90 days';
    DELETE FROM state_counts
     WHERE since < clock_timestamp() - CASE minutes WHEN 1 THEN interval '2 hours'
                                                    ELSE interval '2 days' END;
$$;

-- Whoever may not see other people's connections sees NULL for their times.
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
        EXECUTE format('GRANT pg_read_all_stats TO %I', current_user);
    END IF;
EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation OR internal_error
            OR unique_violation THEN
    NULL;  -- Whoever keeps the server may grant it.
END $$;

-- How the database is, as its owner sees it.
CREATE FUNCTION database_facts() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object(
        'version', current_setting('server_version'),
        'size_bytes', pg_database_size(current_database()),
        'connections_used', (SELECT count(*) FROM pg_stat_activity
                              WHERE backend_type = 'client backend'),
        'connections_max', current_setting('max_connections')::integer,
        'longest_transaction_seconds',
            (SELECT extract(epoch FROM max(clock_timestamp() - a.xact_start))::bigint
               FROM pg_stat_activity a
              WHERE a.datname = current_database() AND a.backend_type = 'client backend'
                AND a.pid <> pg_backend_pid()),
        'in_recovery', pg_is_in_recovery(),
        'standbys', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                            'name', r.application_name, 'state', r.state,
                            'synchronous', r.sync_state IN ('sync', 'quorum'),
                            'lag_seconds', extract(epoch FROM r.replay_lag)::bigint)
                            ORDER BY r.application_name), '[]')
                       FROM pg_stat_replication r),
        'migrations', (SELECT count(*) FROM _sqlx_migrations WHERE success),
        'last_migration', (SELECT max(version)::text FROM _sqlx_migrations WHERE success))
$$;
REVOKE ALL ON FUNCTION database_facts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION database_facts TO touchline_operator;
