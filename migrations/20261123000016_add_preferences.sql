-- The preference page: what it reads, and taking back one's own opt-out.

GRANT SELECT (key, version, purpose, topic) ON plan_versions TO touchline_inbound;

-- Takes back what the holder of a link to one touch's message has asked for by link or page within
-- the last 24 hours (compliance.md EML-27): entries that this touch alone led to, for the address
-- and for the people who have it. Older entries stay, and so do those that anybody else has asked
-- for or repeated. A link of no touch speaks of its own address and channel alone. Returns how many
-- entries ended.
CREATE FUNCTION undo_opt_out(
    entry_key bytea, entry_channel contact_channel, of_touch uuid, by_actor text, proof text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    young uuid[];
    own uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(inheritance_lock());
    -- Locked first, and looked at in a statement of its own: whoever repeats an entry at this
    -- moment is either seen below, or waits here and makes an entry of their own.
    SELECT array_agg(l.event_id) INTO young FROM (
        SELECT s.event_id FROM suppressions s
         WHERE s.address_key IN (
               SELECT entry_key
               UNION
               SELECT a.address_key FROM addresses o JOIN addresses a ON a.contact_id = o.contact_id
                WHERE o.address_key = entry_key AND of_touch IS NOT NULL)
           AND s.origin = 'recipient'
           AND s.reason IN ('one_click', 'unsubscribe_link', 'preference_page')
           AND s.since > clock_timestamp() - interval '24 hours'
           AND (of_touch IS NOT NULL OR s.channel = entry_channel)
         ORDER BY s.event_id FOR UPDATE) l;
    SELECT array_agg(s.event_id) INTO own
      FROM suppressions s
      JOIN suppression_events e ON e.address_key = s.address_key AND e.id = s.event_id
     WHERE s.event_id = ANY (young) AND e.touch_id IS NOT DISTINCT FROM of_touch
       AND NOT EXISTS (SELECT FROM suppression_events r
                        WHERE r.address_key = s.address_key AND r.of_event = s.event_id
                          AND r.action = 'suppress' AND r.touch_id IS DISTINCT FROM of_touch);
    RETURN end_entries(own, 'recipient', by_actor, 'the recipient took it back', proof);
END $$;
REVOKE ALL ON FUNCTION undo_opt_out FROM PUBLIC;
GRANT EXECUTE ON FUNCTION undo_opt_out TO touchline_inbound;
