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
