-- Who signs in to the console, their sessions, and what is remembered of attempts.

CREATE TYPE user_role AS ENUM
    ('admin', 'marketer', 'compliance', 'agent', 'operator', 'auditor');

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    -- In lower case; what somebody signs in with.
    email         text NOT NULL,
    full_name     text NOT NULL,
    roles         user_role[] NOT NULL,
    -- The agent this user is: whose tasks and contacts are theirs.
    agent_id      uuid REFERENCES agents (id),
    locale        locale NOT NULL DEFAULT 'en',
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by    text NOT NULL,
    disabled_at   timestamptz,
    CONSTRAINT users_email_unique UNIQUE (email),
    CONSTRAINT users_email_is_lower CHECK (email = lower(email) AND position('@' in email) > 1),
    CONSTRAINT users_name_present CHECK (full_name <> ''),
    CONSTRAINT users_agent_unique UNIQUE (agent_id)
);
SELECT audit('users');

-- What a user signs in with; apart, so that whoever reads or verifies users sees none of it.
CREATE TABLE credentials (
    user_id       uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- An argon2id string (PHC format); NULL until a password was chosen.
    password_hash text,
    -- Sealed by the deployment's key; NULL without a second factor.
    totp_sealed   bytea
);

-- A session is known by the SHA-256 of its token. It ends by being deleted.
CREATE TABLE sessions (
    id          uuid PRIMARY KEY,
    token_hash  bytea NOT NULL,
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL,
    -- What the browser calls itself, shortened, so that people recognise their sessions.
    device      text NOT NULL DEFAULT '',
    CONSTRAINT sessions_token_unique UNIQUE (token_hash),
    CONSTRAINT sessions_token_length CHECK (octet_length(token_hash) = 32)
) WITH (fillfactor = 80);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Links that open the console once: for the first administrator, for an invited user, after a
-- forgotten password. Whoever opens one chooses a password, but in a demonstration.
CREATE TABLE sign_in_links (
    token_hash bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    asks_password boolean NOT NULL DEFAULT true,
    CONSTRAINT sign_in_links_token_length CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX sign_in_links_user ON sign_in_links (user_id);

-- Failed attempts, by the hash of what was typed; let go of by the next attempt after a quarter of an hour.
CREATE TABLE sign_in_failures (
    subject bytea NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sign_in_failures_subject ON sign_in_failures (subject, at);

-- Time steps of second factors that were used: none counts twice (RFC 6238 §5.2).
CREATE TABLE used_codes (
    user_id   uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    time_step bigint NOT NULL,
    PRIMARY KEY (user_id, time_step)
);

-- Who came in and who went out, and who tried; append-only.
CREATE TABLE access_events (
    id      uuid PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    action  text NOT NULL,
    actor   text NOT NULL,
    user_id uuid,
    device  text NOT NULL DEFAULT ''
);
CREATE INDEX access_events_user ON access_events (user_id, at);
CREATE TRIGGER access_events_append_only BEFORE UPDATE OR DELETE ON access_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT audit('access_events');

-- The console does what people do at the command line, and keeps users.
DO $$
BEGIN
    BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', 'touchline_console');
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    BEGIN
        GRANT touchline_operator TO touchline_console;
    EXCEPTION WHEN unique_violation OR internal_error THEN NULL;  -- Another database does the same.
    END;
END $$;
GRANT USAGE ON SCHEMA public TO touchline_console;
GRANT SELECT, INSERT, UPDATE ON users, credentials TO touchline_console;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, sign_in_links TO touchline_console;
GRANT SELECT, INSERT, DELETE ON sign_in_failures, used_codes TO touchline_console;
GRANT SELECT, INSERT ON access_events TO touchline_console;
-- `audit verify` reads every audited table.
GRANT SELECT ON users, access_events TO touchline_operator;
