-- A record and what it covers, in one statement.
WITH recorded AS (
    INSERT INTO consents
           (id, contact_id, address_key, basis, controller, wording, wording_hash, language,
            snapshot_name, snapshot, act, given_at, given_zone, source, ip, user_agent,
            double_opt_in, document, document_on, expires_at, actor)
    VALUES ($1, $2, $3, $4::text::legal_basis, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
            $16, $17, $18, $19, $20, $21)
    RETURNING id)
INSERT INTO consent_uses (consent_id, channel, purpose)
SELECT DISTINCT recorded.id, channel.word::contact_channel, purpose.word::purpose
  FROM recorded
 CROSS JOIN unnest($22::text[]) AS channel (word)
 CROSS JOIN unnest($23::text[]) AS purpose (word)
