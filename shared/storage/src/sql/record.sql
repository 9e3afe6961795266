-- Records the outcomes of a batch of attempts (pipeline.md §3.5). Safe to repeat.
-- $1 ids, $2 due months, $3 attempts, $4 states, $5 reasons, $6 provider refs, $7 decided at,
-- $8 next due (or NULL), $9 failed for now?, $10 template versions, $11 details, $12 worker
WITH outcome AS MATERIALIZED (
    SELECT id, due_month, attempt, state::touch_state, reason, provider_ref, decided_at, next_due,
           failed, template_version_id, detail::jsonb
      FROM unnest($1::uuid[], $2::date[], $3::int2[], $4::text[], $5::text[], $6::text[],
                  $7::timestamptz[], $8::timestamptz[], $9::bool[], $10::uuid[], $11::text[])
        AS o (id, due_month, attempt, state, reason, provider_ref, decided_at, next_due, failed,
              template_version_id, detail)
),
-- Only the attempt in hand may move its touch; a worker that comes back after its lease finds
-- another attempt number and changes nothing.
recorded AS (
    UPDATE touches t
       SET state        = o.state,
           reason       = o.reason,
           provider_ref = coalesce(o.provider_ref, t.provider_ref),
           sent_at      = CASE WHEN o.state = 'sent' THEN o.decided_at END,
           due_at       = coalesce(o.next_due, t.due_at),
           failures     = t.failures + o.failed::int,
           doubts       = t.doubts + (o.state = 'unknown' AND t.state <> 'unknown')::int
      FROM outcome o
     WHERE t.id = o.id AND t.due_month = o.due_month AND t.attempt = o.attempt
       AND t.state IN ('sending', 'unknown')
    RETURNING t.id, t.due_month, t.attempt, t.state, t.due_at, t.contact_id, t.state_channel,
              t.plan_version_id, o.decided_at
),
released AS (
    DELETE FROM inflight f USING recorded r
     WHERE f.touch_id = r.id AND f.attempt = r.attempt AND r.state <> 'unknown'
),
-- An unknown one is over for the drain, and at once a case for the sweep.
doubted AS (
    UPDATE inflight f SET lease_until = clock_timestamp() FROM recorded r
     WHERE f.touch_id = r.id AND f.attempt = r.attempt AND r.state = 'unknown'
),
-- The next attempt is scheduled in the same transaction: there is no moment without it.
due AS (
    INSERT INTO due_touches (due_at, touch_id, due_month)
    SELECT due_at, id, due_month FROM recorded WHERE state = 'scheduled'
),
-- What caps count: a reservation that ends here becomes a send in the same moment. One in doubt may
-- have been handed over, so it counts.
counted AS (
    INSERT INTO contact_sends (contact_id, touch_id, channel, topic, at)
    SELECT r.contact_id, r.id, r.state_channel, v.topic, r.decided_at
      FROM recorded r JOIN plan_versions v ON v.id = r.plan_version_id
     WHERE r.state IN ('sent', 'unknown') AND v.purpose = 'marketing'
    ON CONFLICT (contact_id, touch_id) DO UPDATE SET at = excluded.at
),
-- From `outcome`, not from `recorded`: what a late worker reports is history too.
explained AS (
    INSERT INTO touch_events (touch_id, attempt, decided_at, state, worker, reason, provider_ref,
                              template_version_id, detail)
    SELECT o.id, o.attempt, o.decided_at, o.state, $12, o.reason, o.provider_ref,
           o.template_version_id,
           CASE WHEN r.id IS NULL
                THEN coalesce(o.detail, '{}') || '{"late": true}' ELSE o.detail END
      FROM outcome o LEFT JOIN recorded r ON r.id = o.id
)
SELECT id FROM recorded
