-- Finishes an open task, once, and notes it. $1 task, $2 outcome, $3 actor, $4 business time, $5 note
WITH done AS (
    UPDATE tasks SET state = 'done', outcome = $2::text::task_outcome, closed_by = $3,
                     closed_at = $4, closed_reason = NULL, note = $5
     WHERE id = $1
       AND (state = 'open'
            -- The entry that a refusal makes closes the task; who heard it says so all the same.
            OR (state = 'dropped' AND $2 = 'refused' AND closed_reason LIKE 'suppressed:%'))
    RETURNING id, touch_id, contact_id, channel
),
noted AS (
    INSERT INTO task_events (id, decided_at, task_id, contact_id, action, outcome, note, actor)
    SELECT uuid_v7(), $4, d.id, d.contact_id, 'done', $2::text::task_outcome, $5, $3 FROM done d
)
SELECT d.touch_id, t.enrolment_id, d.contact_id, d.channel::text AS channel, c.country, t.address_key, a.value
  FROM done d
  LEFT JOIN contacts c ON c.id = d.contact_id
  LEFT JOIN touches t ON t.id = d.touch_id
  LEFT JOIN addresses a ON a.contact_id = d.contact_id AND a.address_key = t.address_key
