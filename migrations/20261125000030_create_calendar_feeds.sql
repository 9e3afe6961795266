-- Calendars of agents: a secret address per user, from which calendar programs read the open tasks. It
-- opens nothing else. Of the secret its SHA-256 alone is known.
CREATE TABLE calendar_feeds (
    user_id    uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When it was last read, so that its user sees whether a program does.
    read_at    timestamptz,
    -- What was last handed out, and since when it reads so: Last-Modified needs no history of tasks.
    digest     bytea,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT calendar_feeds_token_unique UNIQUE (token_hash),
    CONSTRAINT calendar_feeds_token_length CHECK (octet_length(token_hash) = 32)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_feeds TO touchline_console;
