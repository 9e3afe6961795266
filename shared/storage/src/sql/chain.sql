-- Completes enrolments whose plan has no touch left, or stops those of which the list lets nothing
-- more through, and enrols the contact in the plan that follows. The unique index on (contact, plan) refuses a second enrolment in the same plan.
-- $1 enrolments, $2 new enrolment ids (or NULL), $3 following plan versions (or NULL),
-- $4 following plan keys, $5 their first day, $6 planned steps, $7 first touch ids,
-- $8 due months, $9 steps, $10 channels, $11 due at, $12 why it is stopped (or NULL)
WITH ending AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::int8[],
                         $7::uuid[], $8::date[], $9::int2[], $10::text[], $11::timestamptz[], $12::text[])
        AS e (enrolment_id, new_id, plan_version_id, plan_key, starts_on, planned_steps, touch_id,
              due_month, step, channel, due_at, stopped)
),
completed AS (
    UPDATE enrolments e
       SET state = CASE WHEN x.stopped IS NULL THEN 'completed' ELSE 'stopped' END::enrolment_state,
           reason = coalesce(x.stopped, e.reason), updated_at = now()
      FROM ending x WHERE e.id = x.enrolment_id AND e.state = 'active'
    RETURNING e.id, e.contact_id
),
enrolled AS (
    INSERT INTO enrolments (id, contact_id, plan_version_id, plan_key, starts_on, planned_steps)
    SELECT x.new_id, c.contact_id, x.plan_version_id, x.plan_key, x.starts_on, x.planned_steps
      FROM ending x JOIN completed c ON c.id = x.enrolment_id
     WHERE x.new_id IS NOT NULL
    ON CONFLICT (contact_id, plan_key) WHERE state IN ('active', 'paused') DO NOTHING
    RETURNING id, contact_id, plan_version_id
),
stored AS (
    INSERT INTO touches (id, due_month, contact_id, enrolment_id, plan_version_id, step, cycle,
                         channel, due_at)
    SELECT x.touch_id, x.due_month, n.contact_id, n.id, n.plan_version_id, x.step, 0,
           x.channel::channel, x.due_at
      FROM ending x JOIN enrolled n ON n.id = x.new_id
    RETURNING id, due_month, due_at
)
INSERT INTO due_touches (due_at, touch_id, due_month) SELECT due_at, id, due_month FROM stored
RETURNING touch_id
