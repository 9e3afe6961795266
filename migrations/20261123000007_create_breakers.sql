-- Circuit breakers and the check of the sending domain (compliance.md EML-14, EML-15, BNC-17).

-- What look-ups of the sending domain found; the last one counts.
CREATE TABLE domain_checks (
    id          uuid PRIMARY KEY DEFAULT uuid_v7(),
    domain      text NOT NULL,
    passed      boolean NOT NULL,
    -- Business time; `recorded_at` is the machine's.
    checked_at  timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    login       text NOT NULL DEFAULT session_user,
    findings    jsonb NOT NULL
);
CREATE INDEX domain_checks_domain ON domain_checks (domain, recorded_at);
CREATE TRIGGER domain_checks_append_only BEFORE UPDATE OR DELETE ON domain_checks
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER domain_checks_no_truncate BEFORE TRUNCATE ON domain_checks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON domain_checks TO touchline_operator;

-- What circuit breakers count, by business time: the hour, for channels the minute. A lift begins a
-- bucket of its own, so that a window that restarts there begins exactly there. Written by
-- `count_outcomes` alone, behind the back of whoever sends.
CREATE TABLE send_counts (
    scope          pause_scope NOT NULL,
    key            text NOT NULL,
    since          timestamptz NOT NULL,
    -- Taken by the relay or gateway, and refused by it for good.
    sent           bigint NOT NULL DEFAULT 0,
    refused        bigint NOT NULL DEFAULT 0,
    -- Addresses that do not exist, whenever that became known.
    hard_bounced   bigint NOT NULL DEFAULT 0,
    complained     bigint NOT NULL DEFAULT 0,
    -- Attempts that failed for reasons of the gateway.
    gateway_errors bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (scope, key, since)
) WITH (fillfactor = 70);

-- What came back is counted once per touch, however often it is reported (compliance.md BNC-09).
CREATE TABLE counted_returns (
    touch_id   uuid NOT NULL,
    complaint  boolean NOT NULL,
    counted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (touch_id, complaint)
);

-- How far events are counted, by the machine's time of both histories.
CREATE TABLE count_progress (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    counted_until timestamptz NOT NULL,
    -- The next mark, and the transaction that set it: once every older transaction is over, nobody
    -- can commit an event from before the mark any more.
    next_until    timestamptz,
    next_xid      xid8
);
INSERT INTO count_progress (counted_until) VALUES (clock_timestamp());

-- Both histories are found by time, as touch_events is already (create_audit): they grow in its order,
-- so that a block range index of a few pages does, and whoever writes them does not pay for a tree.
CREATE INDEX suppression_events_at ON suppression_events USING brin (at)
    WITH (pages_per_range = 32, autosummarize = on);

-- The word of a reason that says why an attempt ended; of the last one that used up its attempts.
CREATE FUNCTION reason_code(reason text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT split_part(regexp_replace(reason, '^attempts_exhausted: ', ''), ':', 1)
$$;

-- The bucket of something that happened at `at`.
CREATE FUNCTION count_bucket(of_scope pause_scope, of_key text, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT greatest(
        date_trunc(CASE of_scope WHEN 'channel' THEN 'minute' ELSE 'hour' END, at),
        (SELECT max(p.lifted_at) FROM pauses p
          WHERE p.scope = of_scope AND p.key = of_key AND p.lifted_at <= at))
$$;

-- Counts ends of attempts between two instants. A touch is looked for among those first due in the
-- last months: each month more is one look-up more per event.
CREATE FUNCTION count_attempts(
    after timestamptz, until timestamptz, business timestamptz, sender_domain text
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH ends AS MATERIALIZED (
        SELECT e.touch_id, e.decided_at, e.state, reason_code(e.reason) AS code
          FROM touch_events e
         WHERE e.at > after AND e.at <= until AND e.state IN ('sent', 'failed', 'scheduled', 'unknown')
    ),
    attempts AS (
        SELECT date_trunc('second', x.decided_at) AS second, t.plan_version_id,
               medium_of(t.channel)::text AS medium,
               (SELECT c.source FROM contacts c WHERE c.id = t.contact_id) AS source,
               x.state = 'sent' AS sent,
               x.state = 'failed' AND x.code IN ('refused', 'bad_address') AS refused,
               -- Through a relay a deferral may be the recipient's; a gateway speaks for itself.
               x.state <> 'sent' AND (x.code IN ('unreachable', 'misconfigured', 'in_doubt')
                   OR x.code = 'deferred' AND medium_of(t.channel) = 'sms') AS failed
          FROM ends x
         CROSS JOIN LATERAL (
               SELECT t.channel, t.contact_id, t.plan_version_id FROM touches t
                WHERE t.id = x.touch_id
                  AND t.due_month BETWEEN (date_trunc('month', business) - interval '3 months')::date
                                      AND (business + interval '1 day')::date
                LIMIT 1) t
         WHERE medium_of(t.channel) <> 'call'
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

-- Counts bounces and complaints that came to the list between two instants: those of attempts that
-- were refused on the spot, and those that came back later. They are of the moment they are known.
CREATE FUNCTION count_returns(
    after timestamptz, until timestamptz, business timestamptz, sender_domain text
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH fresh AS (
        INSERT INTO counted_returns (touch_id, complaint)
        SELECT DISTINCT e.touch_id, e.reason = 'complaint' FROM suppression_events e
         WHERE e.at > after AND e.at <= until AND e.action = 'suppress' AND e.touch_id IS NOT NULL
           AND e.reason IN ('complaint', 'hard_bounce', 'invalid_address')
        ON CONFLICT DO NOTHING
        RETURNING touch_id, complaint
    ),
    returns AS (
        SELECT f.complaint, v.key AS plan, medium_of(t.channel)::text AS medium,
               (SELECT c.source FROM contacts c WHERE c.id = t.contact_id) AS source
          FROM fresh f
         CROSS JOIN LATERAL (
               SELECT t.channel, t.contact_id, t.plan_version_id FROM touches t
                WHERE t.id = f.touch_id LIMIT 1) t
          JOIN plan_versions v ON v.id = t.plan_version_id
    )
    INSERT INTO send_counts AS c (scope, key, since, hard_bounced, complained)
    SELECT s.scope, s.key, count_bucket(s.scope, s.key, business - (clock_timestamp() - until)),
           count(*) FILTER (WHERE NOT r.complaint), count(*) FILTER (WHERE r.complaint)
      FROM returns r
     CROSS JOIN LATERAL (VALUES
           ('sender_domain'::pause_scope, CASE r.medium WHEN 'email' THEN sender_domain END),
           ('plan', r.plan), ('import', r.source)) AS s (scope, key)
     WHERE s.key IS NOT NULL
     GROUP BY 1, 2, 3
    ON CONFLICT (scope, key, since) DO UPDATE
       SET hard_bounced = c.hard_bounced + excluded.hard_bounced,
           complained = c.complained + excluded.complained
$$;

-- Counts what both histories got since the last time, a minute of it at most, and sets the next mark.
-- One process at a time does so, the others leave it alone. True when there is more to be counted.
-- `patience` bounds the wait for transactions that are older than the mark.
CREATE FUNCTION count_outcomes(business timestamptz, sender_domain text, patience interval)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    progress count_progress;
    until timestamptz;
BEGIN
    SELECT * INTO progress FROM count_progress FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF progress.next_until IS NULL THEN
        -- A second of margin: the time of an event is taken a moment before its transaction's number.
        UPDATE count_progress SET next_xid = pg_current_xact_id(),
            next_until = greatest(counted_until, clock_timestamp() - interval '1 second');
        RETURN false;
    END IF;
    IF pg_snapshot_xmin(pg_current_snapshot()) < progress.next_xid
       AND progress.next_until > clock_timestamp() - patience THEN
        RETURN false;
    END IF;
    until := least(progress.next_until, progress.counted_until + interval '1 minute');
    PERFORM count_attempts(progress.counted_until, until, business, sender_domain);
    PERFORM count_returns(progress.counted_until, until, business, sender_domain);
    UPDATE count_progress SET counted_until = until,
        next_until = CASE WHEN until < next_until THEN next_until END;
    RETURN until < progress.next_until;
END $$;

-- Forgets what no window reaches any more.
CREATE FUNCTION forget_counts(business timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM send_counts
     WHERE since < business - CASE scope WHEN 'channel' THEN interval '1 day' ELSE interval '9 days' END;
    DELETE FROM counted_returns WHERE counted_at < clock_timestamp() - interval '90 days';
$$;

-- For the buckets, which ask for the last lift.
CREATE INDEX pauses_lifts ON pauses (scope, key, lifted_at) WHERE lifted_at IS NOT NULL;

REVOKE ALL ON FUNCTION count_attempts, count_returns, count_outcomes, forget_counts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION count_outcomes, forget_counts TO touchline_scheduler;
GRANT SELECT ON send_counts TO touchline_scheduler, touchline_operator;
GRANT SELECT ON count_progress TO touchline_operator;
