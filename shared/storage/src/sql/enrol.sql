-- Enrols contacts in a plan version and stores the first touch of each.
-- $1 plan version, $2 plan key, $3 enrolments, $4 contacts, $5 first days, $6 planned steps,
-- $7 touches, $8 due months, $9 steps, $10 channels, $11 due at, $12 are their ids wanted?
WITH given AS MATERIALIZED (
    SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::date[], $6::int8[], $7::uuid[], $8::date[],
                         $9::int2[], $10::text[], $11::timestamptz[])
        AS g (id, contact_id, starts_on, planned_steps, touch_id, due_month, step, channel, due_at)
),
enrolled AS (
    INSERT INTO enrolments (id, contact_id, plan_version_id, plan_key, starts_on, planned_steps)
    SELECT id, contact_id, $1, $2, starts_on, planned_steps FROM given
    ON CONFLICT (contact_id, plan_key) WHERE state IN ('active', 'paused') DO NOTHING
    RETURNING id
),
stored AS (
    INSERT INTO touches (id, due_month, contact_id, enrolment_id, plan_version_id, step, cycle,
                         channel, due_at)
    SELECT g.touch_id, g.due_month, g.contact_id, g.id, $1, g.step, 0, g.channel::channel, g.due_at
      FROM given g JOIN enrolled e ON e.id = g.id
    RETURNING id, due_month, due_at
),
due AS (
    INSERT INTO due_touches (due_at, touch_id, due_month) SELECT due_at, id, due_month FROM stored
)
SELECT count(*) AS enrolled, CASE WHEN $12 THEN array_agg(id) END AS ids FROM enrolled
