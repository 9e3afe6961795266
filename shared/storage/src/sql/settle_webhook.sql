-- Notes how an attempt to deliver ended. Whoever comes back after its lease finds another attempt and
-- moves nothing; that it tried stands in the log.
-- $1 webhook, $2 event, $3 attempt, $4 kind, $5 outcome, $6 wait, $7 status, $8 duration, $9 problem,
-- $10 answer, $11 gone for good?, $12 pause after so long, $13 the program
WITH later AS (
    UPDATE webhook_queue q SET due_at = clock_timestamp() + $6
     WHERE q.webhook_id = $1 AND q.event_id = $2 AND q.attempt = $3 AND $5 = 'retried'
),
over AS (
    DELETE FROM webhook_queue q
     WHERE q.webhook_id = $1 AND q.event_id = $2 AND q.attempt = $3 AND $5 <> 'retried'
),
noted AS (
    INSERT INTO webhook_attempts (webhook_id, event_id, kind, attempt, outcome, status, duration_ms,
                                  problem, answer)
    VALUES ($1, $2, $4::text::webhook_event, $3, $5::text::webhook_outcome, $7, $8, $9, $10)
),
well AS (
    DELETE FROM webhook_failures f WHERE f.webhook_id = $1 AND $5 = 'delivered'
),
ill AS (
    INSERT INTO webhook_failures (webhook_id) SELECT $1 WHERE $5 <> 'delivered'
    ON CONFLICT (webhook_id) DO NOTHING
),
paused AS (
    UPDATE webhooks w
       SET paused_at = clock_timestamp(), action = 'pause', actor = $13,
           paused_because = CASE WHEN $11 THEN 'gone' ELSE 'failing' END::webhook_pause
     WHERE w.id = $1 AND w.paused_at IS NULL AND w.removed_at IS NULL AND $5 <> 'delivered'
       AND ($11 OR EXISTS (SELECT FROM webhook_failures f
                            WHERE f.webhook_id = $1 AND f.since < now() - $12::interval))
    RETURNING w.id
)
SELECT EXISTS (SELECT FROM paused)
