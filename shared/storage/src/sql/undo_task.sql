-- Takes back what was last done with a task. $1 task, $2 actor, $3 within, $4 business time
WITH last AS MATERIALIZED (
    SELECT e.action, e.outcome, e.from_day, e.to_day, e.actor, e.at
      FROM task_events e WHERE e.task_id = $1 ORDER BY e.at DESC, e.id DESC LIMIT 1
),
own AS MATERIALIZED (
    SELECT k.id, l.outcome, l.from_day
      FROM tasks k, last l
     WHERE k.id = $1 AND l.actor = $2 AND l.at > clock_timestamp() - $3::interval
       AND ((l.action = 'done' AND k.state = 'done' AND l.outcome <> 'refused')
            OR (l.action = 'snoozed' AND k.state = 'open' AND k.due_on = l.to_day))
       FOR UPDATE OF k
),
back AS (
    UPDATE tasks k
       SET state = 'open', outcome = NULL, closed_by = NULL, closed_at = NULL, note = NULL,
           due_on = coalesce(o.from_day, k.due_on)
      FROM own o WHERE k.id = o.id
    RETURNING k.id, k.contact_id, k.touch_id, k.channel, o.outcome, o.from_day
),
noted AS (
    INSERT INTO task_events (id, decided_at, task_id, contact_id, action, actor)
    SELECT uuid_v7(), $4, b.id, b.contact_id, 'undone', $2 FROM back b
)
SELECT b.contact_id, b.touch_id, b.channel::text AS channel, b.outcome::text AS outcome, b.from_day
  FROM back b
