-- Takes what new entries of the list left to be done: cancels the touches they cover, stops the
-- enrolments of people who are on the list as a person, and closes tasks. What each touch runs into
-- is read from the flags, exactly as the claim would.
-- $1 limit, $2 business time, $3 scheduler, $4 are the cancelled touches wanted?
-- A task that is being written at this moment could not be closed here: its person waits until it
-- stands, which is as long as a claim takes to be recorded.
WITH in_hand AS MATERIALIZED (
    SELECT a.address_key FROM inflight f JOIN addresses a ON a.contact_id = f.contact_id
     WHERE f.channel IN ('call', 'person')
),
taken AS MATERIALIZED (
    SELECT x.event_id, x.address_key, x.channel FROM list_effects x
     WHERE x.address_key NOT IN (SELECT address_key FROM in_hand)
     ORDER BY x.event_id, x.address_key, x.channel LIMIT $1 FOR UPDATE SKIP LOCKED
),
people AS MATERIALIZED (
    SELECT DISTINCT a.contact_id, p.address_key AS person_key
      FROM taken x
      JOIN addresses a ON a.address_key = x.address_key
      JOIN addresses p ON p.contact_id = a.contact_id AND p.kind = 'person'
),
-- Touches that would go to an address on the list. The choice of the address is that of claim_due.
covered AS MATERIALIZED (
    SELECT t.id, t.due_month, t.due_at, t.enrolment_id,
           entry_against(v.purpose, v.topic, s.channel_event, s.person_event, s.domain_event,
                         s.every_event, s.topic_events) AS entry
      FROM people p
      JOIN touches t ON t.contact_id = p.contact_id AND t.state = 'scheduled'
      JOIN plan_versions v ON v.id = t.plan_version_id
      LEFT JOIN LATERAL (
          SELECT x.address_key FROM addresses x
           WHERE x.contact_id = t.contact_id AND x.kind = address_kind_of(t.channel)
             AND x.kind <> 'person'
           ORDER BY CASE t.channel WHEN 'sms' THEN x.sms_problem IS NOT NULL
                                   WHEN 'call' THEN x.call_problem IS NOT NULL
                                   ELSE false END,
                    x.position, x.id LIMIT 1) a ON true
      JOIN address_states s
        ON s.address_key = coalesce(a.address_key, p.person_key)
       AND s.channel = CASE WHEN a.address_key IS NULL THEN 'person'
                            ELSE contact_channel_of(t.channel) END
),
-- One that is becoming due at this moment is left to the claim, which blocks it.
free AS MATERIALIZED (
    SELECT c.* FROM covered c
      JOIN due_touches d ON d.due_at = c.due_at AND d.touch_id = c.id
     WHERE c.entry IS NOT NULL
       FOR UPDATE OF d SKIP LOCKED
),
undue AS (
    DELETE FROM due_touches d USING free f WHERE d.due_at = f.due_at AND d.touch_id = f.id
),
cancelled AS (
    UPDATE touches t
       SET state = 'cancelled',
           reason = 'suppressed: ' || coalesce((SELECT s.reason::text || ', ' FROM suppressions s
                                                 WHERE s.event_id = f.entry), '')
                    || 'entry ' || f.entry
      FROM free f
     WHERE t.id = f.id AND t.due_month = f.due_month AND t.state = 'scheduled'
    RETURNING t.id, t.contact_id, t.enrolment_id, t.epoch, t.attempt, t.reason
),
explained AS (
    INSERT INTO touch_events (touch_id, attempt, decided_at, state, worker, reason)
    SELECT id, attempt, $2, 'cancelled', $3, reason FROM cancelled
),
-- A person on the list is in no plan any more that the entry stops.
over AS (
    SELECT e.id, entry_against(v.purpose, v.topic, NULL, s.person_event, NULL, s.every_event, NULL)
                 AS entry
      FROM people p
      JOIN address_states s ON s.address_key = p.person_key AND s.channel = 'person'
      JOIN enrolments e ON e.contact_id = p.contact_id AND e.state IN ('active', 'paused')
      JOIN plan_versions v ON v.id = e.plan_version_id
     WHERE s.person_event IS NOT NULL
),
stopped AS (
    UPDATE enrolments e
       SET state = 'stopped', updated_at = now(),
           reason = 'suppressed: ' || coalesce((SELECT s.reason::text || ', ' FROM suppressions s
                                                 WHERE s.event_id = o.entry), '')
                    || 'entry ' || o.entry
      FROM over o
     WHERE e.id = o.id AND o.entry IS NOT NULL AND e.state IN ('active', 'paused')
    RETURNING e.id
),
closed AS (
    UPDATE tasks k
       SET state = 'dropped', closed_at = $2,
           closed_reason = 'suppressed: '
                           || coalesce((SELECT s.reason::text || ', ' FROM suppressions s
                                         WHERE s.event_id = b.entry), '') || 'entry ' || b.entry
      FROM (SELECT o.id, entry_against(v.purpose, v.topic, s.channel_event, s.person_event,
                                       s.domain_event, s.every_event, s.topic_events) AS entry
              FROM people p
              JOIN tasks o ON o.contact_id = p.contact_id AND o.state = 'open'
              JOIN touches t ON t.id = o.touch_id
              JOIN plan_versions v ON v.id = t.plan_version_id
              JOIN address_states s ON s.address_key = t.address_key AND s.channel = t.state_channel
           ) b
     WHERE k.id = b.id AND b.entry IS NOT NULL AND k.state = 'open'
    RETURNING k.id
),
-- An enrolment whose touch was cancelled is planned on to its next open step. The first touch of a
-- plan that follows may be covered too: the work stays until a look finds nothing more.
onward AS (
    SELECT c.contact_id, c.enrolment_id, c.reason FROM cancelled c
     WHERE c.epoch = 0 AND c.enrolment_id NOT IN (SELECT id FROM stopped)
),
done AS (
    DELETE FROM list_effects x USING taken y
     WHERE x.event_id = y.event_id AND x.address_key = y.address_key AND x.channel = y.channel
       AND NOT EXISTS (SELECT FROM onward o JOIN addresses a ON a.contact_id = o.contact_id
                        WHERE a.address_key = y.address_key)
)
SELECT (SELECT count(*) FROM taken) AS taken, (SELECT count(*) FROM cancelled) AS cancelled,
       (SELECT count(*) FROM stopped) AS stopped, (SELECT count(*) FROM closed) AS closed,
       CASE WHEN $4 THEN ARRAY(SELECT id FROM cancelled ORDER BY id) END AS touches,
       CASE WHEN $4 THEN ARRAY(SELECT enrolment_id FROM cancelled ORDER BY id) END AS enrolments,
       ARRAY(SELECT enrolment_id FROM onward ORDER BY enrolment_id, reason) AS onward,
       ARRAY(SELECT reason FROM onward ORDER BY enrolment_id, reason) AS reasons
