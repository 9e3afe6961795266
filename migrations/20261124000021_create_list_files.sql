-- Files that officers bring to the console: put on the list, or compared with it. What came back is
-- kept for a day, so that any process of the console can hand it out. Nothing here is history: what
-- was entered stands in suppression_events, and who compared in list_readings.
CREATE TABLE list_files (
    id         uuid PRIMARY KEY,
    -- Put on the list; else compared with it.
    is_import  boolean NOT NULL,
    name       text NOT NULL,
    actor      text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When the process that works on it last said how far it is.
    told_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_rows  bigint NOT NULL DEFAULT 0,
    done_bytes bigint NOT NULL DEFAULT 0,
    all_bytes  bigint NOT NULL,
    ended_at   timestamptz,
    -- Counts by name, once it ended well; else what was wrong.
    outcome    jsonb,
    problem    text,
    -- A CSV: the verdicts, or the refused rows.
    result     bytea
);
CREATE INDEX list_files_started ON list_files (started_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON list_files TO touchline_console;
