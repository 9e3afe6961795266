-- Records with what they cover, those that are not on file yet.
-- $1 the records, as JSON
WITH asked AS MATERIALIZED (
    SELECT r.*, decode(r.address_key, 'hex') AS key, decode(r.wording_hash, 'hex') AS hash
      FROM jsonb_to_recordset($1)
        AS r (id uuid, contact_id uuid, address_key text, basis legal_basis, controller text,
              wording text, wording_hash text, language text, act text, given_at timestamptz,
              given_zone text, source text, ip text, user_agent text, double_opt_in text,
              document text, document_on date, expires_at timestamptz, actor text,
              channels text[], purposes text[])
),
fresh AS MATERIALIZED (
    SELECT a.* FROM asked a
     WHERE NOT EXISTS (
        SELECT FROM consents c
         WHERE c.contact_id = a.contact_id AND c.given_at = a.given_at AND c.basis = a.basis
           AND c.wording_hash = a.hash AND c.source = a.source AND c.controller = a.controller
           AND c.address_key IS NOT DISTINCT FROM a.key
           AND c.document IS NOT DISTINCT FROM a.document
           AND c.expires_at IS NOT DISTINCT FROM a.expires_at
           -- Everything that is asked for is covered.
           AND NOT EXISTS (
                SELECT channel, purpose FROM unnest(a.channels) channel, unnest(a.purposes) purpose
                EXCEPT
                SELECT u.channel::text, u.purpose::text FROM consent_uses u
                 WHERE u.consent_id = c.id))
),
recorded AS (
    INSERT INTO consents
           (id, contact_id, address_key, basis, controller, wording, wording_hash, language, act,
            given_at, given_zone, source, ip, user_agent, double_opt_in, document, document_on,
            expires_at, actor)
    SELECT id, contact_id, key, basis, controller, wording, hash, language, act, given_at,
           given_zone, source, ip, user_agent, double_opt_in, document, document_on, expires_at,
           actor
      FROM fresh
    RETURNING id
),
covered AS (
    INSERT INTO consent_uses (consent_id, channel, purpose)
    SELECT DISTINCT r.id, channel::contact_channel, purpose::purpose
      FROM recorded r JOIN fresh f ON f.id = r.id, unnest(f.channels) channel, unnest(f.purposes) purpose
)
SELECT id FROM recorded
