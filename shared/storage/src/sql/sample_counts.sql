-- How much there is of the sample, and what of people's own one of its agents has.
WITH people AS MATERIALIZED (SELECT c.id FROM contacts c WHERE c.is_sample),
chosen AS MATERIALIZED (SELECT a.id FROM agents a WHERE a.is_sample)
SELECT (SELECT count(*) FROM people) AS contacts,
       (SELECT count(*) FROM enrolments e JOIN people p ON p.id = e.contact_id) AS enrolments,
       (SELECT count(*) FROM touches t JOIN people p ON p.id = t.contact_id
         WHERE t.state IN ('scheduled', 'queued', 'sending', 'unknown', 'held')) AS open_touches,
       (SELECT count(*) FROM tasks k JOIN people p ON p.id = k.contact_id) AS tasks,
       (SELECT count(*) FROM chosen) AS agents,
       (SELECT count(*) FROM contacts c JOIN chosen a ON a.id = c.owner_id
         WHERE NOT c.is_sample) AS own_contacts
