-- Gives open tasks, and with $7 the contacts, to another agent, and notes it. Tasks: one ($2), those of a
-- contact ($3), or all of an agent ($1).
-- $1 from, $2 task, $3 contact, $4 to, $5 reason, $6 actor, $7 contacts, too, $8 business time
WITH chosen AS MATERIALIZED (
    SELECT k.id, k.contact_id FROM tasks k
     WHERE k.state = 'open' AND k.owner_id IS DISTINCT FROM $4
       AND CASE WHEN $2::uuid IS NOT NULL THEN k.id = $2
                WHEN $3::uuid IS NOT NULL THEN k.contact_id = $3
                ELSE k.owner_id = $1 END
     ORDER BY k.id FOR UPDATE
),
moved AS (
    UPDATE tasks k SET owner_id = $4 FROM chosen c WHERE k.id = c.id
),
told AS (
    INSERT INTO task_events (id, decided_at, task_id, contact_id, action, note, actor)
    SELECT uuid_v7(), $8, c.id, c.contact_id, 'handed_over', $5, $6 FROM chosen c
),
given AS (
    UPDATE contacts p SET owner_id = $4, updated_at = clock_timestamp()
     WHERE $7 AND $2::uuid IS NULL AND p.owner_id IS DISTINCT FROM $4
       AND CASE WHEN $3::uuid IS NOT NULL THEN p.id = $3 ELSE p.owner_id = $1 END
    RETURNING p.id
),
counted AS MATERIALIZED (
    SELECT (SELECT count(*) FROM chosen) AS tasks, (SELECT count(*) FROM given) AS contacts
),
noted AS (
    INSERT INTO handovers (id, from_agent, to_agent, contact_id, tasks, contacts, reason, actor)
    SELECT uuid_v7(), $1, $4, coalesce($3, (SELECT c.contact_id FROM chosen c WHERE $2 IS NOT NULL)),
           n.tasks, n.contacts, $5, $6
      FROM counted n WHERE n.tasks + n.contacts > 0
)
SELECT n.tasks, n.contacts FROM counted n
