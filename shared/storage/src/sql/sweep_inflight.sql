-- Settles claims whose lease is over: nobody knows whether they were handed over.
-- $1 limit, $2 may email be resent?, $3 may SMS be resent?, $4 business time, $5 sweeper
WITH expired AS MATERIALIZED (
    SELECT * FROM inflight WHERE lease_until < clock_timestamp()
     ORDER BY lease_until LIMIT $1 FOR UPDATE SKIP LOCKED
),
settled AS (
    UPDATE touches t
       SET doubts = t.doubts + (t.state = 'sending' AND medium_of(t.channel) <> 'call')::int,
           -- A task is written with its outcome, so an unrecorded one does not exist. Everything
           -- else may have gone out: it is repeated at most once, and only where the policy says so.
           state = CASE
               WHEN medium_of(t.channel) = 'call' THEN 'queued'
               WHEN t.doubts + (t.state = 'sending')::int <= 1
                    AND CASE medium_of(t.channel) WHEN 'email' THEN $2 ELSE $3 END THEN 'queued'
               ELSE 'held' END::touch_state,
           epoch  = t.epoch + 1,
           -- What its worker said of it, if it could; else that it said nothing.
           reason = CASE t.state WHEN 'unknown' THEN t.reason
                    ELSE 'lease_expired: attempt ' || t.attempt || ' of worker ' || x.worker END
      FROM expired x
     WHERE t.id = x.touch_id AND t.due_month = x.due_month AND t.attempt = x.attempt
       AND t.state IN ('sending', 'unknown')
    RETURNING t.id, t.due_month, t.epoch, t.attempt, t.state, t.channel, t.reason,
              t.enrolment_id, t.plan_version_id, t.contact_id, t.state_channel, x.worker AS dead_worker
),
gone AS (
    DELETE FROM inflight f USING expired x WHERE f.touch_id = x.touch_id
),
-- It may have been handed over, so caps count it. Its time is now: no later one is possible.
counted AS (
    INSERT INTO contact_sends (contact_id, touch_id, channel, topic, at)
    SELECT s.contact_id, s.id, s.state_channel, v.topic, $4
      FROM settled s JOIN plan_versions v ON v.id = s.plan_version_id
     WHERE medium_of(s.channel) <> 'call' AND v.purpose = 'marketing'
    ON CONFLICT (contact_id, touch_id) DO UPDATE SET at = excluded.at
),
explained AS (
    INSERT INTO touch_events (touch_id, attempt, decided_at, state, worker, reason, detail)
    SELECT s.id, s.attempt, $4, e.state, e.worker, s.reason, e.detail
      FROM settled s
      CROSS JOIN LATERAL (VALUES
          ('unknown'::touch_state, s.dead_worker, NULL::jsonb),
          (s.state, $5, jsonb_build_object('possible_duplicate',
                         s.state = 'queued' AND medium_of(s.channel) <> 'call'))
      ) AS e (state, worker, detail)
     -- A worker that could say so has written the first itself.
     WHERE e.state <> 'unknown' OR reason_code(s.reason) = 'lease_expired'
),
-- Not joined below: it holds exactly the rows that are queued.
written AS (
    INSERT INTO outbox (touch_id, epoch, due_month, medium, lane)
    SELECT s.id, s.epoch, s.due_month, medium_of(s.channel), v.lane
      FROM settled s JOIN plan_versions v ON v.id = s.plan_version_id
     WHERE s.state = 'queued'
    ON CONFLICT (touch_id) DO UPDATE
       SET epoch = excluded.epoch, created_at = clock_timestamp(), published_at = NULL
)
SELECT s.id AS touch_id, s.epoch, s.due_month, medium_of(s.channel)::text AS medium,
       v.lane::text AS lane, s.enrolment_id
  FROM settled s JOIN plan_versions v ON v.id = s.plan_version_id
 WHERE s.state = 'queued'
