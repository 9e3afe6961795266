-- Takes due touches, decides which address each goes to, and writes their hints to the outbox.
-- $1 business time, $2 limit
WITH due AS MATERIALIZED (
    DELETE FROM due_touches WHERE (due_at, touch_id) IN (
        SELECT due_at, touch_id FROM due_touches WHERE due_at <= $1
         ORDER BY due_at, touch_id LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING touch_id, due_month
),
-- The first usable address of the kind the channel needs; without one, the person.
addressed AS MATERIALIZED (
    SELECT d.touch_id, d.due_month, coalesce(a.address_key, p.address_key) AS address_key,
           CASE WHEN a.address_key IS NULL THEN 'person' ELSE contact_channel_of(t.channel) END
               AS state_channel
      FROM due d
      JOIN touches t ON t.id = d.touch_id AND t.due_month = d.due_month
      LEFT JOIN LATERAL (
          SELECT x.address_key FROM addresses x
           WHERE x.contact_id = t.contact_id AND x.kind = address_kind_of(t.channel)
             AND x.kind <> 'person'
           ORDER BY CASE t.channel WHEN 'sms' THEN x.sms_problem IS NOT NULL
                                   WHEN 'call' THEN x.call_problem IS NOT NULL
                                   ELSE false END,
                    x.position, x.id LIMIT 1) a ON true
      JOIN LATERAL (
          SELECT x.address_key FROM addresses x
           WHERE x.contact_id = t.contact_id AND x.kind = 'person' LIMIT 1) p ON true
     WHERE t.state = 'scheduled'
),
queued AS (
    UPDATE touches t
       SET state = 'queued', epoch = t.epoch + 1,
           address_key = a.address_key, state_channel = a.state_channel::contact_channel
      FROM addressed a
     WHERE t.id = a.touch_id AND t.due_month = a.due_month AND t.state = 'scheduled'
    RETURNING t.id, t.due_month, t.epoch, t.channel, t.enrolment_id, t.plan_version_id, t.due_at
),
-- Not joined below: it holds exactly the rows of `queued`, and nothing tells the planner so.
written AS (
    INSERT INTO outbox (touch_id, epoch, due_month, medium, lane)
    SELECT q.id, q.epoch, q.due_month, medium_of(q.channel), v.lane
      FROM queued q JOIN plan_versions v ON v.id = q.plan_version_id
    ON CONFLICT (touch_id) DO UPDATE
       SET epoch = excluded.epoch, created_at = clock_timestamp(), published_at = NULL
)
SELECT q.id AS touch_id, q.epoch, q.due_month, medium_of(q.channel)::text AS medium,
       v.lane::text AS lane, q.enrolment_id, q.due_at
  FROM queued q JOIN plan_versions v ON v.id = q.plan_version_id
