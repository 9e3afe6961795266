-- What breakers look at: sums of the counts that reach into a window, from the last lift on.
-- $1 business time, $2 since when gateways are looked at
WITH lifted AS (
    SELECT scope, key, max(lifted_at) AS at FROM pauses WHERE lifted_at IS NOT NULL GROUP BY 1, 2
),
-- Whole hours: a window reaches back by up to one hour more.
week AS (
    SELECT c.scope, c.key, sum(c.sent) AS sent, sum(c.refused) AS refused,
           sum(c.hard_bounced) AS bounced, sum(c.complained) AS complained,
           sum(c.gateway_errors) AS gateway_errors,
           coalesce(sum(c.sent) FILTER (WHERE of_day), 0) AS sent_of_day,
           coalesce(sum(c.refused) FILTER (WHERE of_day), 0) AS refused_of_day,
           coalesce(sum(c.hard_bounced) FILTER (WHERE of_day), 0) AS bounced_of_day,
           coalesce(sum(c.complained) FILTER (WHERE of_day), 0) AS complained_of_day
      FROM send_counts c
      LEFT JOIN lifted l ON l.scope = c.scope AND l.key = c.key
     CROSS JOIN LATERAL (SELECT c.since > $1 - interval '25 hours' AS of_day) w
     WHERE c.since > CASE c.scope WHEN 'channel' THEN $2
                                  ELSE $1 - interval '7 days 1 hour' END
       AND (l.at IS NULL OR c.since >= l.at)
     GROUP BY 1, 2
)
SELECT scope::text AS scope, key,
       complained_of_day::bigint AS complained_of_day,
       -- Refused on the spot, or taken and come back: either way it was not delivered.
       greatest(least(sent_of_day, sent_of_day + refused_of_day - bounced_of_day), 0)::bigint
           AS delivered_of_day,
       complained::bigint AS complained_of_week,
       greatest(least(sent, sent + refused - bounced), 0)::bigint AS delivered_of_week,
       bounced::bigint AS bounced_of_week,
       (sent + refused)::bigint AS sent_of_week,
       gateway_errors::bigint AS gateway_errors,
       (sent + refused + gateway_errors)::bigint AS gateway_attempts
  FROM week ORDER BY 1, 2
