-- Advances enrolments and stores the next touch of each. The guard on the old progress makes it
-- happen once: whoever comes second finds another progress and stores nothing.
-- $1 enrolments, $2 old cycles, $3 old steps, $4 new cycles, $5 new steps, $6 touch ids,
-- $7 due months, $8 steps, $9 channels, $10 due at
WITH next AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::int2[], $3::int8[], $4::int2[], $5::int8[], $6::uuid[],
                         $7::date[], $8::int2[], $9::text[], $10::timestamptz[])
        AS n (enrolment_id, old_cycle, old_steps, cycle, planned_steps, touch_id, due_month, step,
              channel, due_at)
),
advanced AS (
    UPDATE enrolments e
       SET cycle = n.cycle, planned_steps = n.planned_steps
      FROM next n
     WHERE e.id = n.enrolment_id AND e.cycle = n.old_cycle AND e.planned_steps = n.old_steps
       AND e.state = 'active'
    RETURNING e.id, e.contact_id, e.plan_version_id
),
stored AS (
    INSERT INTO touches (id, due_month, contact_id, enrolment_id, plan_version_id, step, cycle,
                         channel, due_at)
    SELECT n.touch_id, n.due_month, a.contact_id, a.id, a.plan_version_id, n.step, n.cycle,
           n.channel::channel, n.due_at
      FROM next n JOIN advanced a ON a.id = n.enrolment_id
    RETURNING id, due_month, due_at
)
INSERT INTO due_touches (due_at, touch_id, due_month) SELECT due_at, id, due_month FROM stored
RETURNING touch_id
