-- Signing in through an identity provider (OpenID Connect).

-- Which account of a provider a user is: bound at the first sign-in, by an email address that the
-- provider has verified; from then on by the account alone.
CREATE TABLE user_identities (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    issuer     text NOT NULL,
    subject    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text NOT NULL,
    CONSTRAINT user_identities_subject_unique UNIQUE (issuer, subject),
    CONSTRAINT user_identities_user_unique UNIQUE (user_id, issuer)
);
SELECT audit('user_identities');

-- Answers of the provider that were used: none counts twice. Let go of after an hour.
CREATE TABLE used_answers (
    state_hash bytea PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT used_answers_hash_length CHECK (octet_length(state_hash) = 32)
);

GRANT SELECT ON user_identities TO touchline_operator;
GRANT SELECT, INSERT ON user_identities TO touchline_console;
GRANT SELECT, INSERT, DELETE ON used_answers TO touchline_console;
