-- A person wants messages again. A repeated message ends nothing more.
-- $1 source, $2 message, $3 key, $4 channel, $5 topic, $6 when, $7 evidence, $8 actor; of the consent:
-- $9 controller, $10 wording, $11 its hash, $12 its language, $13 the act
WITH noted AS MATERIALIZED (
    SELECT note_wish($1, $2, $3, $4::text::contact_channel, $5, 'start', $6, $7) AS is_new
),
ended AS MATERIALIZED (
    SELECT CASE WHEN n.is_new
                THEN reconsent($3, $4::text::contact_channel, $5, $6, $8, $7) ELSE 0 END AS entries
      FROM noted n
),
recorded AS (
    INSERT INTO consents (id, contact_id, address_key, basis, controller, wording, wording_hash,
                          language, act, given_at, given_zone, source, actor)
    SELECT uuid_v7(), c.contact_id, $3, 'consent', $9, $10, $11, $12, $13, $6, 'UTC', $7, $8
      FROM (SELECT DISTINCT a.contact_id FROM addresses a WHERE a.address_key = $3) c, ended e
     WHERE e.entries > 0
    RETURNING id
),
used AS (
    INSERT INTO consent_uses (consent_id, channel, purpose)
    SELECT r.id, $4::text::contact_channel, 'marketing' FROM recorded r
)
SELECT e.entries FROM ended e
