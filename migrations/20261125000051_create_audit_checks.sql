-- Checks of the audit log that people of the console asked for, and what they found. A check walks the
-- whole chain and takes minutes on a long one, so it outlives the request. The end of the chain that the
-- last sound check saw is what the next one begins with: a chain that was cut off since is noticed.
CREATE TABLE audit_checks (
    id         uuid PRIMARY KEY,
    actor      text NOT NULL CHECK (actor ~ '\S'),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz,
    -- SEQ:HASH, as `touchline audit head` prints it, and how many links were made again.
    head       text,
    links      bigint,
    -- What is broken first, in words; or why the check could not be ended.
    broken     text,
    problem    text,
    CONSTRAINT audit_checks_ended_with_something
        CHECK (ended_at IS NULL OR head IS NOT NULL OR problem IS NOT NULL)
);
CREATE INDEX audit_checks_started ON audit_checks (started_at);
GRANT SELECT, INSERT, UPDATE (ended_at, head, links, broken, problem) ON audit_checks TO touchline_console;
