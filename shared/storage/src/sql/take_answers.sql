-- Takes up answers. $1 worker, $2 lease, $3 the oldest that may still leave, $4 how many
WITH open AS MATERIALIZED (
    SELECT a.id, a.state, a.asked_at < $3 AS is_late FROM answers a
     WHERE a.state IN ('waiting', 'sending')
       AND (a.lease_until IS NULL OR a.lease_until < clock_timestamp() OR a.asked_at < $3)
       -- A worker that is handing it over has its lease to do so, however old it is meanwhile.
       AND (a.state = 'waiting' OR a.lease_until < clock_timestamp())
     ORDER BY a.asked_at LIMIT $4 FOR UPDATE SKIP LOCKED
),
judged AS MATERIALIZED (
    SELECT o.id, CASE WHEN o.state = 'sending' AND (o.is_late OR a.attempts > 1) THEN 'unknown'
                      WHEN o.is_late THEN 'late' ELSE 'sending' END::answer_state AS next
      FROM open o JOIN answers a ON a.id = o.id
),
taken AS (
    UPDATE answers a
       SET state = j.next, worker = $1, attempts = a.attempts + (j.next = 'sending')::int::smallint,
           lease_until = CASE WHEN j.next = 'sending' THEN clock_timestamp() + $2 END,
           number = CASE WHEN j.next = 'sending' THEN a.number END,
           ended_at = CASE WHEN j.next <> 'sending' THEN clock_timestamp() END,
           reason = CASE j.next WHEN 'late' THEN 'too_late' WHEN 'unknown' THEN 'lease_expired' END
      FROM judged j WHERE a.id = j.id
    RETURNING a.id, a.kind::text AS kind, a.number, a.language, a.asked_at, a.attempts, a.state,
              a.address_key
)
SELECT id, kind, number, language, asked_at, attempts,
       -- A number that a real person has, too, is that person's.
       coalesce((SELECT bool_and(c.is_sample) FROM addresses x JOIN contacts c ON c.id = x.contact_id
                  WHERE x.address_key = taken.address_key), false) AS is_sample
  FROM taken WHERE state = 'sending'
 ORDER BY asked_at
