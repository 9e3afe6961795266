-- What planning needs to know about enrolments whose touch has just become due.
-- $1 enrolment ids
SELECT e.id, e.contact_id, e.plan_version_id, e.starts_on, e.cycle, e.planned_steps,
       c.birthday, c.spouse_birthday, c.closing_date, c.country, c.time_zone
  FROM enrolments e JOIN contacts c ON c.id = e.contact_id
 WHERE e.id = ANY ($1) AND e.state = 'active'
