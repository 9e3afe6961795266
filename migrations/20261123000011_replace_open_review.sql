-- An unclear answer by mail pauses email to its sender, as one by text message pauses the number.
CREATE OR REPLACE FUNCTION open_review(
    review uuid, by_source text, message_id bigint, key bytea, kept text, arrived timestamptz,
    due timestamptz
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM lock_address(key);
    INSERT INTO reviews (id, source, message, address_key, request, arrived_at, due_at)
    VALUES (review, by_source, message_id, key, kept, arrived, due)
    ON CONFLICT (source, message) DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO address_states AS s (address_key, channel, review_id)
    SELECT key, channel, review
      FROM unnest(CASE WHEN by_source = 'mail' THEN ARRAY['email'] ELSE ARRAY['sms', 'call'] END
                  ::contact_channel[]) AS paused (channel)
    ON CONFLICT (address_key, channel) DO UPDATE
       SET review_id = coalesce(s.review_id, excluded.review_id);
    RETURN true;
END $$;
