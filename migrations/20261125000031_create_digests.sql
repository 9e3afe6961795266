-- The morning's email to agents: what is due today, what is overdue.

-- Whether a user wants it.
ALTER TABLE users ADD COLUMN digest boolean NOT NULL DEFAULT true;

CREATE TYPE digest_state AS ENUM
    ('claimed', 'sending', 'sent', 'nothing', 'listed', 'failed', 'doubt');

-- One row per user and local day: whoever makes it sends that day's. A row that is `claimed` and whose
-- time is over is free again; from `sending` on it is never taken again, since it may have gone out.
CREATE TABLE digests (
    user_id   uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    local_day date NOT NULL,
    state     digest_state NOT NULL DEFAULT 'claimed',
    -- Which process has it, and until when, by the machine's clock.
    holder    text NOT NULL,
    free_at   timestamptz NOT NULL,
    -- Why it was not sent: a code and what the server said, without addresses.
    reason    text,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, local_day)
);

-- Of users and tasks an email worker reads what the digest says, and nothing else.
GRANT SELECT (id, email, full_name, roles, agent_id, locale, created_at, disabled_at, digest)
    ON users TO touchline_email_worker;
GRANT SELECT (id, contact_id, owner_id, channel, due_on, rank, state) ON tasks
    TO touchline_email_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON digests TO touchline_email_worker;
GRANT SELECT ON digests TO touchline_operator;
