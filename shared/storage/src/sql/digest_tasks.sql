-- What an agent has to do on a day: the first tasks, in the order in which they are best done, each with
-- how many there are. $1 agent, $2 day, $3 limit
WITH counted AS MATERIALIZED (
    SELECT (SELECT count(*) FROM (SELECT FROM tasks k WHERE k.state = 'open' AND k.owner_id = $1
                                     AND k.due_on < $2 LIMIT 1000) x) AS overdue,
           (SELECT count(*) FROM (SELECT FROM tasks k WHERE k.state = 'open' AND k.owner_id = $1
                                     AND k.due_on = $2 LIMIT 1000) x) AS today
)
SELECT c.overdue, c.today, k.channel::text AS channel, coalesce(p.first_name, '') AS first_name
  FROM counted c
 CROSS JOIN LATERAL (SELECT k.id, k.channel, k.contact_id, k.due_on, k.rank FROM tasks k
                      WHERE k.state = 'open' AND k.owner_id = $1 AND k.due_on <= $2
                      ORDER BY k.due_on = $2, k.rank, k.due_on, k.id LIMIT $3) k
  LEFT JOIN contacts p ON p.id = k.contact_id
 ORDER BY k.due_on = $2, k.rank, k.due_on, k.id
