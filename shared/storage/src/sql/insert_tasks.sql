-- The to-dos of touches that were recorded in the same transaction, with their place in the order in
-- which they are best done.
INSERT INTO tasks (id, touch_id, contact_id, owner_id, channel, title, script, due_on, due_at,
                   created_at, rank)
SELECT t.id, t.touch_id, t.contact_id, t.owner_id, t.channel::channel, t.title, t.script, t.due_on,
       t.due_at, t.created_at,
       coalesce((SELECT task_rank(v.lane, c.level)
                   FROM touches o
                   JOIN plan_versions v ON v.id = o.plan_version_id
                   JOIN contacts c ON c.id = o.contact_id
                  WHERE o.id = t.touch_id), 5)
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[],
              $8::date[], $9::timestamptz[], $10::timestamptz[])
    AS t (id, touch_id, contact_id, owner_id, channel, title, script, due_on, due_at, created_at)
ON CONFLICT ON CONSTRAINT tasks_touch_unique DO NOTHING
