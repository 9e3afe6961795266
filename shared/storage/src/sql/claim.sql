-- Claims hinted touches and reads the list on the locked rows (pipeline.md §3.3).
-- $1 touch ids, $2 due months, $3 epochs, $4 worker, $5 lease, $6 business time
WITH hinted AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::date[], $3::int4[]) AS h (touch_id, due_month, epoch)
),
-- Both rows are locked, and the flags are read from the locked version: a suppression that commits
-- between this statement's snapshot and its lock is seen. NOT EXISTS on another table would leak.
-- FOR SHARE conflicts with the suppressor's UPDATE; SKIP LOCKED waits for nobody, so that workers
-- and suppressors cannot deadlock. What is skipped comes back with the next hint.
locked AS MATERIALIZED (
    SELECT t.id, t.due_month, t.plan_version_id, a.channel_event, a.person_event, a.domain_event,
           a.every_event, a.topic_events, a.review_id
      FROM hinted h
      JOIN touches t ON t.id = h.touch_id AND t.due_month = h.due_month
      JOIN address_states a ON a.address_key = t.address_key AND a.channel = t.state_channel
     WHERE t.state = 'queued' AND t.epoch = h.epoch
       FOR NO KEY UPDATE OF t SKIP LOCKED
       FOR SHARE OF a SKIP LOCKED
),
-- What the flags mean depends on why the plan sends and what it is about.
judged AS MATERIALIZED (
    SELECT l.id, l.due_month, l.review_id, v.purpose, v.topic, v.key AS plan_key,
           entry_against(v.purpose, v.topic, l.channel_event, l.person_event, l.domain_event,
                         l.every_event, l.topic_events) AS entry
      FROM locked l JOIN plan_versions v ON v.id = l.plan_version_id
),
claimed AS (
    UPDATE touches t
       SET state   = CASE WHEN l.entry IS NULL THEN 'sending' ELSE 'blocked' END::touch_state,
           reason  = CASE WHEN l.entry IS NOT NULL THEN
                         'suppressed: ' || coalesce((SELECT s.reason::text || ', ' FROM suppressions s
                                                      WHERE s.event_id = l.entry), '')
                         || 'entry ' || l.entry END,
           attempt = t.attempt + 1,
           worker  = $4
      FROM judged l
     WHERE t.id = l.id AND t.due_month = l.due_month
    RETURNING t.*, l.entry, l.review_id, l.purpose, l.topic, l.plan_key
),
-- The drain of a suppression waits for these rows, and caps count them.
leased AS (
    INSERT INTO inflight (touch_id, due_month, attempt, address_key, channel, worker, lease_until,
                          contact_id, purpose)
    SELECT id, due_month, attempt, address_key, state_channel, $4, clock_timestamp() + $5,
           contact_id, purpose
      FROM claimed WHERE entry IS NULL
    ON CONFLICT (touch_id) DO UPDATE
       SET attempt = excluded.attempt, worker = excluded.worker, lease_until = excluded.lease_until
),
taken AS (
    DELETE FROM outbox o USING locked l WHERE o.touch_id = l.id
),
explained AS (
    INSERT INTO touch_events (touch_id, attempt, decided_at, state, worker, reason)
    SELECT id, attempt, $6, state, $4, reason FROM claimed WHERE entry IS NOT NULL
)
-- Everything needed to decide and render, so that a touch costs no further read.
SELECT t.id, t.due_month, t.epoch, t.attempt, t.failures, t.step, t.cycle, t.due_at, t.entry,
       t.review_id, t.channel::text AS channel, t.purpose::text AS purpose, t.topic, t.plan_key,
       t.contact_id, t.plan_version_id, t.enrolment_id,
       e.state::text AS enrolment_state,
       c.full_name, c.first_name, c.source, c.locale::text AS locale, c.time_zone, c.country,
       c.state AS region, c.city, c.area, c.closing_date, c.custom, c.preferred_hours,
       c.is_sample, c.owner_id,
       o.name AS owner_name, o.email AS owner_email, o.phone AS owner_phone,
       o.time_zone AS owner_time_zone, o.locale::text AS owner_locale,
       t.address_key, a.value AS address,
       CASE t.state_channel WHEN 'sms' THEN a.sms_problem WHEN 'call' THEN a.call_problem END
           AS address_problem
  FROM claimed t
  JOIN enrolments e ON e.id = t.enrolment_id
  JOIN contacts c ON c.id = t.contact_id
  LEFT JOIN agents o ON o.id = c.owner_id
  LEFT JOIN addresses a ON a.contact_id = t.contact_id AND a.address_key = t.address_key
                       AND a.kind <> 'person'
