-- Contacts of a selection that are not running in a plan.
-- $1 contacts, $2 group, $3 source, $4 level, $5 plan, $6 after, $7 limit, $8 type
SELECT c.id, c.birthday, c.spouse_birthday, c.closing_date, c.country, c.time_zone
  FROM contacts c
 WHERE ($1::uuid[] IS NULL OR c.id = ANY ($1))
   AND ($2::text IS NULL OR c.contact_group = $2::contact_group)
   AND ($3::text IS NULL OR c.source = $3)
   AND ($4::text IS NULL OR c.level = $4::contact_level)
   AND ($8::text IS NULL OR c.contact_type = $8)
   AND ($6::uuid IS NULL OR c.id > $6)
   AND NOT EXISTS (SELECT FROM enrolments e
                    WHERE e.contact_id = c.id AND e.plan_key = $5 AND e.state IN ('active', 'paused'))
 ORDER BY c.id LIMIT $7
