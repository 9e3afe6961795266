-- The desk: touches that wait for a person. No index of `touches` names its state, so those that
-- people must look at stand in a narrow table of their own, and what people decide about them is on
-- record.

-- What waits for whom (domain::desk::Attention).
CREATE TYPE attention AS ENUM ('held', 'unknown', 'failed', 'blocked');

-- Blocked by what we have set up or loaded, not by the person or the list: it can be put right and
-- tried again (domain::ReasonCode::is_of_settings).
CREATE FUNCTION is_of_settings(reason text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT reason_code(reason) IN ('zone_unknown', 'dnc_data_stale', 'area_code_not_licensed',
        'missing_field', 'template_error', 'no_template', 'segments_over_cap', 'misconfigured')
$$;

-- Why a person must look at a touch; NULL when nobody must. One that is held after a doubt may have
-- been handed over, like one in doubt.
CREATE FUNCTION attention_of(state touch_state, doubts smallint, reason text) RETURNS attention
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN state = 'unknown' OR state = 'held' AND doubts > 0 THEN 'unknown'
        WHEN state = 'held' THEN 'held'
        WHEN state = 'failed' THEN 'failed'
        WHEN state = 'blocked' AND is_of_settings(reason) THEN 'blocked' END::attention
$$;

-- What the causes of one group have in common besides the code: phase and status of an answer, else
-- the beginning of the words, without what differs from touch to touch.
CREATE FUNCTION cause_detail(reason text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN reason_code(reason) IN ('lease_expired', 'segments_over_cap', 'dnc_data_stale',
                                     'area_code_not_licensed') THEN ''
        ELSE coalesce(
            substring(d.text FROM '^((?:[a-z ]+: )?[245][0-9][0-9](?:[ -][245]\.[0-9]{1,3}\.[0-9]{1,3})?)(?![0-9])'),
            left(regexp_replace(d.text, '[0-9a-f]{8}-[0-9a-f-]{27}|<[^>]*>|[0-9]{4,}', '#', 'g'), 60),
            '') END
      FROM (SELECT substring(regexp_replace(reason, '^attempts_exhausted: ', '') FROM ': (.*)$'))
               AS d (text)
$$;

CREATE TABLE attention_touches (
    touch_id        uuid PRIMARY KEY,
    due_month       date NOT NULL,
    kind            attention NOT NULL,
    -- The reason's code, and what the causes of a group have in common.
    code            text NOT NULL,
    detail          text NOT NULL,
    channel         channel NOT NULL,
    plan_version_id uuid NOT NULL,
    step            smallint NOT NULL,
    -- Machine time.
    since           timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
-- Pages, the newest first, of one kind and of all; the sweep of old failures.
CREATE INDEX attention_touches_kind ON attention_touches (kind, since, touch_id) INCLUDE (code);
CREATE INDEX attention_touches_since ON attention_touches (since, touch_id);

-- Kept by whatever ends an attempt, settles a claim or carries out a person's decision: every such
-- statement names `doubts`. Hints and claims do not, and so pay nothing; what is simply sent pays for
-- the condition, about a microsecond.
CREATE FUNCTION note_attention() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wanted attention := attention_of(NEW.state, NEW.doubts, NEW.reason);
BEGIN
    IF wanted IS NULL THEN
        DELETE FROM attention_touches a WHERE a.touch_id = NEW.id;
    ELSE
        INSERT INTO attention_touches AS a
               (touch_id, due_month, kind, code, detail, channel, plan_version_id, step)
        VALUES (NEW.id, NEW.due_month, wanted, coalesce(reason_code(NEW.reason), ''),
                coalesce(cause_detail(NEW.reason), ''), NEW.channel, NEW.plan_version_id, NEW.step)
        ON CONFLICT (touch_id) DO UPDATE
           SET kind = excluded.kind, code = excluded.code, detail = excluded.detail,
               since = CASE WHEN a.kind = excluded.kind THEN a.since ELSE excluded.since END;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touches_attention AFTER UPDATE OF doubts ON touches FOR EACH ROW
    WHEN (NEW.state IN ('held', 'unknown', 'failed') OR OLD.state IN ('held', 'unknown', 'failed')
          OR OLD.state = 'blocked' OR NEW.state = 'blocked' AND is_of_settings(NEW.reason))
    EXECUTE FUNCTION note_attention();

-- What waits already.
INSERT INTO attention_touches (touch_id, due_month, kind, code, detail, channel, plan_version_id, step)
SELECT t.id, t.due_month, attention_of(t.state, t.doubts, t.reason), coalesce(reason_code(t.reason), ''),
       coalesce(cause_detail(t.reason), ''), t.channel, t.plan_version_id, t.step
  FROM touches t
 WHERE t.state IN ('held', 'unknown', 'failed', 'blocked')
   AND attention_of(t.state, t.doubts, t.reason) IS NOT NULL;

INSERT INTO personal_tables (position, table_name, via, column_name, on_erasure, emptied, remark)
VALUES (27, 'attention_touches', 'touch', 'touch_id', 'delete', '{}', '');

-- What a person decided about touches that waited (domain::desk::Resolution); each touch's history
-- names the decision.
CREATE TYPE resolution AS ENUM ('resume', 'confirm', 'cancel', 'replay', 'dismiss');
CREATE TABLE touch_decisions (
    id          uuid PRIMARY KEY,
    action      resolution NOT NULL,
    actor       text NOT NULL,
    reason      text NOT NULL,
    -- Business time; `recorded_at` is the machine's.
    at          timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- How many touches it moved, and which were asked for.
    touches     integer NOT NULL,
    asked       jsonb NOT NULL,
    CONSTRAINT touch_decisions_actor_present CHECK (actor <> ''),
    CONSTRAINT touch_decisions_reason_present CHECK (reason <> '')
);
CREATE TRIGGER touch_decisions_append_only BEFORE UPDATE OR DELETE ON touch_decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT audit('touch_decisions');

-- Failures nobody replayed leave the desk; they stay what they are, in `touches` and in history.
CREATE FUNCTION clear_desk(age interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH old AS (
        DELETE FROM attention_touches WHERE touch_id IN (
            SELECT touch_id FROM attention_touches
             WHERE kind IN ('failed', 'blocked') AND since < clock_timestamp() - age
             ORDER BY kind, since LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING touch_id)
    SELECT count(*) FROM old
$$;

REVOKE ALL ON FUNCTION note_attention, clear_desk FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clear_desk TO touchline_scheduler;
GRANT SELECT, DELETE ON attention_touches TO touchline_operator;
GRANT SELECT, INSERT ON touch_decisions TO touchline_operator;
