-- Touches that wait on the desk, the newest first, a page at a time.
-- $1 kinds, $2 touches (NULL: any), $3 code, $4 detail, $5 channel, $6 plan (NULL: any),
-- $7 and $8 since and touch of the last one seen (NULL: from the start), $9 limit
SELECT a.kind::text AS kind, a.touch_id, a.since, a.code, a.detail, a.channel::text AS channel,
       a.step, v.key AS plan_key,
       v.definition #>> ARRAY['steps', a.step::text, 'template'] AS template_key,
       t.contact_id, coalesce(c.full_name, '') AS full_name, t.state::text AS state, t.reason,
       t.attempt, t.doubts, t.due_at
  -- The page first: an index has its order, and what is joined to it cannot talk anybody out of that.
  FROM (SELECT x.* FROM attention_touches x
         WHERE x.kind = ANY ($1::text[]::attention[])
           AND ($2::uuid[] IS NULL OR x.touch_id = ANY ($2))
           AND ($3::text IS NULL OR x.code = $3)
           AND ($4::text IS NULL OR x.detail = $4)
           AND ($5::text IS NULL OR x.channel = $5::channel)
           AND ($6::text IS NULL
                OR x.plan_version_id IN (SELECT p.id FROM plan_versions p WHERE p.key = $6))
           AND ($7::timestamptz IS NULL OR (x.since, x.touch_id) < ($7, $8::uuid))
         ORDER BY x.since DESC, x.touch_id DESC LIMIT $9) a
  JOIN plan_versions v ON v.id = a.plan_version_id
  JOIN touches t ON t.id = a.touch_id AND t.due_month = a.due_month
  LEFT JOIN contacts c ON c.id = t.contact_id
 ORDER BY a.since DESC, a.touch_id DESC
