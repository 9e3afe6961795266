-- Takes hints that are stuck: never confirmed (the publisher died, or the broker refused), or
-- confirmed long ago and not claimed since (the broker lost them). A hint too many is a no-op.
-- $1 limit, $2 unconfirmed for, $3 unclaimed for
WITH stuck AS MATERIALIZED (
    SELECT touch_id, due_month, epoch FROM outbox
     WHERE (published_at IS NULL AND created_at < clock_timestamp() - $2)
        OR published_at < clock_timestamp() - $3
     ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED
),
-- A touch that is no longer queued needs no hint.
pointless AS (
    DELETE FROM outbox o USING stuck s JOIN touches t ON t.id = s.touch_id AND t.due_month = s.due_month
     WHERE o.touch_id = s.touch_id AND (t.state <> 'queued' OR t.epoch <> s.epoch)
    RETURNING o.touch_id
)
UPDATE outbox o SET created_at = clock_timestamp(), published_at = NULL
  FROM stuck s
  -- Only for the trace.
  LEFT JOIN touches t ON t.id = s.touch_id AND t.due_month = s.due_month
 WHERE o.touch_id = s.touch_id
   AND NOT EXISTS (SELECT FROM pointless p WHERE p.touch_id = s.touch_id)
RETURNING o.touch_id, o.epoch, o.due_month, o.medium::text AS medium, o.lane::text AS lane,
          t.enrolment_id
