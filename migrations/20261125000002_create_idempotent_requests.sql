-- Requests to the API that say by a key that they are to be done once, with their answers, for a day.
-- Answers hold ids and no data of a person. Not audited: they repeat what was audited when it was done.

CREATE TABLE idempotent_requests (
    token_id    uuid NOT NULL REFERENCES api_tokens (id) ON DELETE CASCADE,
    key         text NOT NULL,
    -- SHA-256 of method, path, query and body: another request with the same key is a mistake.
    fingerprint bytea NOT NULL,
    began_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The answer; NULL while the request is being worked on.
    status      smallint,
    location    text,
    body        bytea,
    PRIMARY KEY (token_id, key),
    CONSTRAINT idempotent_requests_key_length CHECK (length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotent_requests_answer_whole CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotent_requests_age ON idempotent_requests (began_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotent_requests TO touchline_console;
