-- What the gate asks about a batch of contacts besides the list. It runs after the batch's claims are
-- committed, so that of two workers with touches of one person at least one sees the other's.
-- $1 contacts, $2 the oldest send that any cap counts, $3 the oldest local day it can be
SELECT s.contact_id,
       jsonb_build_object('kind', 'send', 'touch', s.touch_id, 'channel', s.channel, 'topic', s.topic,
                          'at', s.at, 'answered', s.answered, 'refused', s.refused) AS fact
  FROM contact_sends s WHERE s.contact_id = ANY($1) AND (s.at > $2 OR s.refused)
UNION ALL
-- Of all time, for what is owed with a first message; the rows above say it of their own channel.
(SELECT s.contact_id, jsonb_build_object('kind', 'reached', 'channel', s.channel)
   FROM contact_sends s WHERE s.contact_id = ANY($1) AND s.at <= $2
  UNION
 SELECT e.contact_id, jsonb_build_object('kind', 'reached', 'channel', e.channel)
   FROM earlier_sends e WHERE e.contact_id = ANY($1))
UNION ALL
SELECT f.contact_id,
       jsonb_build_object('kind', 'in_hand', 'touch', f.touch_id, 'channel', f.channel)
  FROM inflight f WHERE f.contact_id = ANY($1) AND f.purpose = 'marketing'
UNION ALL
SELECT c.contact_id,
       jsonb_build_object('kind', 'consent', 'id', c.id, 'address', encode(c.address_key, 'hex'),
                          'channel', u.channel, 'purpose', u.purpose, 'basis', c.basis,
                          'given_at', c.given_at, 'expires_at', c.expires_at,
                          'document_on', CASE WHEN c.document <> '' THEN c.document_on END)
  FROM consents c JOIN consent_uses u ON u.consent_id = c.id WHERE c.contact_id = ANY($1)
UNION ALL
SELECT w.contact_id,
       jsonb_build_object('kind', 'withdrawal', 'channel', w.channel, 'purpose', w.purpose,
                          'at', w.withdrawn_at)
  FROM consent_withdrawals w WHERE w.contact_id = ANY($1)
UNION ALL
SELECT r.contact_id,
       jsonb_build_object('kind', 'relationship', 'id', r.id, 'what', r.kind, 'on', r.happened_on)
  FROM relationships r WHERE r.contact_id = ANY($1)
UNION ALL
(SELECT DISTINCT ON (l.contact_id) l.contact_id,
       jsonb_build_object('kind', 'listing', 'id', l.id, 'listing', l.listing, 'purpose', l.purpose,
                          'buyer', l.buyer_id)
  FROM contact_listings l WHERE l.contact_id = ANY($1)
 ORDER BY l.contact_id, l.recorded_at DESC, l.id DESC)
UNION ALL
SELECT NULL, jsonb_build_object('kind', 'pause', 'id', p.id, 'scope', p.scope, 'key', p.key,
                                'reason', p.reason)
  FROM pauses p WHERE p.lifted_at IS NULL
UNION ALL
SELECT NULL, jsonb_build_object('kind', 'blackout', 'id', b.id, 'first_day', b.first_day,
                                'last_day', b.last_day, 'channel', b.channel, 'reason', b.reason)
  FROM blackouts b WHERE b.removed_at IS NULL AND b.last_day >= $3
