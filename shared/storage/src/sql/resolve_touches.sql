-- Carries out what a person decided about touches that wait on the desk. Nobody is waited for: what
-- a worker, the sweep or another person moves at this moment is left, and said to be.
-- $1 decision, $2 resolution, $3 actor, $4 why, $5 business time, $6 most at once, $7 what was asked
-- for, $8 kinds, $9 touches (NULL: any), $10 code, $11 detail, $12 channel, $13 plan (NULL: any)
WITH asked AS MATERIALIZED (
    SELECT a.touch_id, a.due_month
      FROM attention_touches a JOIN plan_versions v ON v.id = a.plan_version_id
     WHERE a.kind = ANY ($8::text[]::attention[])
       AND ($9::uuid[] IS NULL OR a.touch_id = ANY ($9))
       AND ($10::text IS NULL OR a.code = $10)
       AND ($11::text IS NULL OR a.detail = $11)
       AND ($12::text IS NULL OR a.channel = $12::channel)
       AND ($13::text IS NULL OR v.key = $13)
     ORDER BY a.since, a.touch_id LIMIT $6
),
-- The touch is locked against whoever moves it, and looked at as it is then; the enrolment against
-- erasure, which would not see what is scheduled again behind its back.
locked AS MATERIALIZED (
    SELECT t.id, t.due_month, t.state, t.doubts, t.channel, e.state AS enrolment_state,
           e.contact_id
      FROM asked a
      JOIN touches t ON t.id = a.touch_id AND t.due_month = a.due_month
      JOIN enrolments e ON e.id = t.enrolment_id
     WHERE attention_of(t.state, t.doubts, t.reason) = ANY ($8::text[]::attention[])
       FOR NO KEY UPDATE OF t SKIP LOCKED
       FOR KEY SHARE OF e SKIP LOCKED
),
-- One in doubt still has its lease; the sweep locks that first, and then wins.
freed AS MATERIALIZED (
    SELECT f.touch_id FROM locked l JOIN inflight f ON f.touch_id = l.id
     WHERE l.state = 'unknown' FOR UPDATE OF f SKIP LOCKED
),
judged AS MATERIALIZED (
    SELECT l.id, l.due_month, l.state, CASE
        WHEN l.state = 'unknown' AND l.id NOT IN (SELECT touch_id FROM freed)
             AND EXISTS (SELECT FROM inflight f WHERE f.touch_id = l.id) THEN 'busy'
        WHEN $2 = 'confirm' AND medium_of(l.channel) = 'call' THEN 'is_task'
        WHEN $2 IN ('resume', 'replay') AND (l.enrolment_state = 'stopped' OR l.contact_id IS NULL)
             THEN 'enrolment_over'
        WHEN $2 IN ('resume', 'replay') AND l.enrolment_state = 'paused' THEN 'enrolment_paused'
        -- A group never repeats what may have arrived: whoever wants that names the touch.
        WHEN $2 = 'replay' AND l.doubts > 0 AND $9 IS NULL THEN 'may_have_arrived'
        END AS why_left
      FROM locked l
),
moved AS (
    UPDATE touches t
       SET state = CASE $2 WHEN 'confirm' THEN 'sent' WHEN 'cancel' THEN 'cancelled'
                           ELSE 'scheduled' END::touch_state,
           reason = CASE $2 WHEN 'confirm' THEN 'confirmed_by_person: '
                            WHEN 'cancel' THEN 'cancelled_by_person: '
                            WHEN 'replay' THEN 'replayed_by_person: '
                            ELSE 'resumed_by_person: ' END || $4,
           -- A hint of before claims nothing. Attempts go on counting: that is the other fence.
           epoch = t.epoch + 1,
           -- Named, so that the trigger takes it off the desk.
           doubts = t.doubts,
           failures = CASE WHEN $2 IN ('resume', 'replay') THEN 0 ELSE t.failures END,
           due_at = CASE WHEN $2 IN ('resume', 'replay') THEN $5 ELSE t.due_at END,
           -- When it was handed over is when it came into doubt.
           sent_at = CASE WHEN $2 = 'confirm' THEN coalesce(
               (SELECT max(e.decided_at) FROM touch_events e
                 WHERE e.touch_id = t.id AND e.state = 'unknown'), $5) END
      FROM judged j
     WHERE t.id = j.id AND t.due_month = j.due_month AND j.why_left IS NULL AND $2 <> 'dismiss'
    RETURNING t.id, t.enrolment_id, t.due_month, t.due_at, t.attempt, t.doubts, t.state, t.reason,
              j.state AS was
),
-- Nothing about the touch changes; it only leaves the desk.
dismissed AS (
    DELETE FROM attention_touches a USING judged j
     WHERE $2 = 'dismiss' AND a.touch_id = j.id AND j.why_left IS NULL
    RETURNING a.touch_id
),
-- Through the gate again, and the list, as everything that is due.
due AS (
    INSERT INTO due_touches (due_at, touch_id, due_month)
    SELECT due_at, id, due_month FROM moved WHERE state = 'scheduled'
),
released AS (
    DELETE FROM inflight f USING freed x, moved m
     WHERE f.touch_id = x.touch_id AND m.id = x.touch_id
),
explained AS (
    INSERT INTO touch_events (touch_id, attempt, decided_at, state, worker, reason, detail)
    SELECT id, attempt, $5, state, $3, reason,
           jsonb_build_object('decision', $1, 'was', was, 'possible_duplicate',
                              state = 'scheduled' AND doubts > 0)
      FROM moved
),
done AS MATERIALIZED (
    SELECT id FROM moved UNION ALL SELECT touch_id FROM dismissed
),
decided AS (
    INSERT INTO touch_decisions (id, action, actor, reason, at, touches, asked)
    SELECT $1, $2::resolution, $3, $4, $5, n.count, $7
      FROM (SELECT count(*)::integer AS count FROM done) n WHERE n.count > 0
)
SELECT a.touch_id, m.enrolment_id,
       CASE WHEN d.id IS NULL THEN coalesce(j.why_left, 'busy') END AS why_left
  FROM asked a
  LEFT JOIN judged j ON j.id = a.touch_id
  LEFT JOIN done d ON d.id = a.touch_id
  LEFT JOIN moved m ON m.id = a.touch_id
 ORDER BY a.touch_id
