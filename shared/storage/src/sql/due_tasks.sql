-- Open tasks in the order in which they are best done: overdue ones, today's, later ones; among these
-- by rank, day and age. {owner} is a condition on the owner.
-- $1 day, $2 owner, $3 limit, $4 last part, $5 last rank, $6 last day, $7 last id, $8 with later ones
WITH chosen AS (
    (SELECT 0::smallint AS part, k.* FROM tasks k
      WHERE k.state = 'open' AND k.due_on < $1 AND {owner}
        AND (0::smallint, k.rank, k.due_on, k.id) > ($4, $5, $6, $7)
      ORDER BY k.rank, k.due_on, k.id LIMIT $3)
    UNION ALL
    (SELECT 1::smallint, k.* FROM tasks k
      WHERE k.state = 'open' AND k.due_on = $1 AND {owner}
        AND (1::smallint, k.rank, k.due_on, k.id) > ($4, $5, $6, $7)
      ORDER BY k.rank, k.due_on, k.id LIMIT $3)
    UNION ALL
    (SELECT 2::smallint, k.* FROM tasks k
      WHERE k.state = 'open' AND k.due_on > $1 AND {owner} AND $8
        AND (2::smallint, k.rank, k.due_on, k.id) > ($4, $5, $6, $7)
      ORDER BY k.rank, k.due_on, k.id LIMIT $3)
)
SELECT k.part, k.rank, k.id, k.touch_id, k.contact_id, coalesce(c.full_name, '') AS full_name,
       o.name AS owner_name, k.channel::text AS channel, k.title, k.script, k.due_on, k.due_at
  FROM chosen k
  LEFT JOIN contacts c ON c.id = k.contact_id
  LEFT JOIN agents o ON o.id = k.owner_id
 ORDER BY k.part, k.rank, k.due_on, k.id LIMIT $3
