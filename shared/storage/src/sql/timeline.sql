-- Everything that happened with a contact, the newest first.
-- $1 contact, $2 keys of the contact's addresses, $3 limit, $4 before this time, $5 and this id,
-- $6 only what reached a person or came from one
SELECT x.at, x.id, x.kind, x.what, x.channel, x.reason, x.note, x.actor, x.plan_key, x.detail
  FROM (
    -- Touches. What became a task is told by the task.
    SELECT coalesce(t.sent_at, t.due_at) AS at, t.id, 'touch' AS kind, t.state::text AS what,
           t.channel::text AS channel, t.reason, NULL AS note, NULL AS actor, v.key AS plan_key,
           NULL AS detail
      FROM touches t JOIN plan_versions v ON v.id = t.plan_version_id
     WHERE t.contact_id = $1
       AND (NOT $6 OR (t.state = 'sent' AND medium_of(t.channel) <> 'call'))
    UNION ALL
    SELECT e.decided_at, e.id, 'task', e.action::text, k.channel::text, NULL, e.note, e.actor,
           NULL, coalesce(e.outcome::text, e.to_day::text)
      FROM task_events e JOIN tasks k ON k.id = e.task_id
     WHERE e.contact_id = $1 AND (NOT $6 OR e.action = 'done')
       -- What was taken back did not happen.
       AND (NOT $6 OR k.state = 'done')
    UNION ALL
    SELECT k.closed_at, k.id, 'task', 'dropped', k.channel::text, k.closed_reason, NULL, NULL, NULL,
           NULL
      FROM tasks k
     WHERE k.contact_id = $1 AND k.state = 'dropped' AND k.closed_at IS NOT NULL AND NOT $6
    UNION ALL
    SELECT r.arrived_at, r.id, 'answer', coalesce(r.decision::text, 'open'), NULL, r.request, r.why,
           r.decided_by, NULL, NULL
      FROM reviews r WHERE r.address_key = ANY ($2)
    UNION ALL
    SELECT i.happened_at, i.id, 'noted', i.kind::text, NULL, NULL, i.note, i.actor, NULL, NULL
      FROM interactions i WHERE i.contact_id = $1 AND (NOT $6 OR i.kind <> 'note')
    UNION ALL
    SELECT s.at, s.id, 'list', s.action::text, s.channel::text, s.reason::text, s.note, s.actor,
           NULL, s.scope::text
      FROM suppression_events s
     WHERE s.address_key = ANY ($2) AND s.action <> 'drained'
  ) x
 WHERE (x.at, x.id) < ($4, $5)
 ORDER BY x.at DESC, x.id DESC LIMIT $3
