-- Takes up the oldest test of a medium. One that a worker died with has perhaps gone out: it ends in
-- doubt. One that nobody took up in time ends as late.
-- $1 worker, $2 lease, $3 medium, $4 how long after it was asked for it may still leave
WITH open AS MATERIALIZED (
    SELECT t.id, CASE WHEN t.state = 'sending' THEN 'doubt'
                      WHEN t.asked_at < clock_timestamp() - $4 THEN 'late'
                      ELSE 'sending' END::test_state AS next
      FROM test_sends t
     WHERE t.medium = $3::text::medium AND t.state IN ('waiting', 'sending')
       AND (t.lease_until IS NULL OR t.lease_until < clock_timestamp())
     ORDER BY t.asked_at LIMIT 1 FOR UPDATE SKIP LOCKED
),
taken AS (
    UPDATE test_sends t
       SET state = o.next, worker = $1,
           lease_until = CASE WHEN o.next = 'sending' THEN clock_timestamp() + $2 END,
           compiled = CASE WHEN o.next = 'sending' THEN t.compiled END,
           ended_at = CASE WHEN o.next <> 'sending' THEN clock_timestamp() END
      FROM open o WHERE t.id = o.id
    RETURNING t.id AS test, t.state, t.user_id, t.compiled, t.contact_id, t.locale AS shown_in
)
SELECT t.test, t.state::text AS state, t.compiled, t.contact_id, t.shown_in::text AS shown_in,
       u.id, u.email, u.full_name, u.roles::text[] AS roles, u.agent_id, u.locale::text AS locale,
       u.created_at, u.disabled_at, a.phone
  FROM taken t JOIN users u ON u.id = t.user_id LEFT JOIN agents a ON a.id = u.agent_id
