-- Tokens of the API. Who has one may do what its scopes name, as far as the user who made it may.

CREATE TABLE api_tokens (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- What it is for, in the words of whoever made it.
    name       text NOT NULL,
    -- The token's SHA-256: the token itself is with its program alone. It has 256 random bits.
    token_hash bytea NOT NULL,
    -- How it begins, so that people find the one they hold.
    prefix     text NOT NULL,
    -- Words of domain::access::Permission.
    scopes     text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text NOT NULL,
    expires_at timestamptz NOT NULL,
    -- When and by whom it was revoked.
    removed_at timestamptz,
    removed_by text,
    CONSTRAINT api_tokens_hash_unique UNIQUE (token_hash),
    CONSTRAINT api_tokens_hash_length CHECK (octet_length(token_hash) = 32),
    CONSTRAINT api_tokens_name_length CHECK (length(name) BETWEEN 1 AND 100),
    CONSTRAINT api_tokens_scopes_present CHECK (cardinality(scopes) > 0),
    CONSTRAINT api_tokens_term_within_year CHECK (expires_at <= created_at + interval '366 days'),
    CONSTRAINT api_tokens_removal_whole CHECK ((removed_at IS NULL) = (removed_by IS NULL))
);
CREATE INDEX api_tokens_user ON api_tokens (user_id);
SELECT audit('api_tokens');

-- The last day of use; apart, because a use is no change that anybody audits.
CREATE TABLE api_token_uses (
    token_id     uuid PRIMARY KEY REFERENCES api_tokens (id) ON DELETE CASCADE,
    last_used_on date NOT NULL
) WITH (fillfactor = 80);

GRANT SELECT, INSERT ON api_tokens TO touchline_console;
-- A token ends and is otherwise what it was.
GRANT UPDATE (removed_at, removed_by) ON api_tokens TO touchline_console;
GRANT SELECT, INSERT, UPDATE ON api_token_uses TO touchline_console;
-- `audit verify` reads every audited table.
GRANT SELECT ON api_tokens TO touchline_operator;
