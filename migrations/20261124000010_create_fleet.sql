-- Who is there: every process that joins the fleet says so every ten seconds, by the database's
-- clock, and takes its row with it when it stops. Whoever fell silent is shown as lost.

-- No index but the name's, and room on the page: each report is a heap-only update.
CREATE TABLE fleet_members (
    -- The name in leases and history.
    name       text PRIMARY KEY,
    service    text NOT NULL,
    version    text NOT NULL,
    host       text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- What the process says of itself: state of the broker, zone data.
    facts      jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE FUNCTION report_member(
    own_name text, own_service text, own_version text, own_host text, own_facts jsonb
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO fleet_members AS m (name, service, version, host, facts)
    VALUES (own_name, own_service, own_version, own_host, own_facts)
    ON CONFLICT (name) DO UPDATE SET seen_at = clock_timestamp(), facts = excluded.facts
$$;

CREATE FUNCTION leave_fleet(own_name text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM fleet_members WHERE name = own_name
$$;

-- Forgets whoever has been silent for so long. Returns how many.
CREATE FUNCTION forget_members(silence interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (
        DELETE FROM fleet_members WHERE seen_at < clock_timestamp() - silence RETURNING name)
    SELECT count(*) FROM gone
$$;

REVOKE ALL ON FUNCTION report_member, leave_fleet, forget_members FROM PUBLIC;
GRANT EXECUTE ON FUNCTION report_member, leave_fleet
    TO touchline_worker, touchline_scheduler, touchline_inbound, touchline_operator;
GRANT EXECUTE ON FUNCTION forget_members TO touchline_scheduler;
GRANT SELECT ON fleet_members TO touchline_operator;
