-- Do-not-call registries. A load of a dataset says, for each area code it covers, of which day its
-- numbers are; the numbers of an area code are one roaring bitmap of their last seven digits, kept
-- under the hash of its bytes, so that an area code in which nothing changed costs one narrow row.
-- A load becomes visible as a whole, or not at all. Loads and their area codes are evidence
-- (compliance.md CALL-06) and append-only; bitmaps are bulk, and go when two newer ones are there.

CREATE TYPE registry AS ENUM ('us-national', 'ae-dncr');
CREATE TYPE registry_load_kind AS ENUM ('full', 'change');

CREATE TABLE registry_loads (
    id           uuid PRIMARY KEY,
    registry     registry NOT NULL,
    kind         registry_load_kind NOT NULL,
    -- The day the data is of, as the registry says; its age is counted from here.
    version_date date NOT NULL,
    loaded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    source_name  text NOT NULL,
    -- SHA-256 of the file.
    source_hash  bytea NOT NULL,
    -- The subscription account number the data was got under, if it is known.
    account      text,
    actor        text NOT NULL,
    lines        bigint NOT NULL,
    malformed    bigint NOT NULL,
    duplicates   bigint NOT NULL,
    CONSTRAINT registry_loads_hash_length CHECK (octet_length(source_hash) = 32)
);
CREATE INDEX registry_loads_newest ON registry_loads (registry, loaded_at DESC);

CREATE TABLE registry_areas (
    load_id      uuid NOT NULL REFERENCES registry_loads (id),
    registry     registry NOT NULL,
    -- 0 is no area code: short numbers and, for a whole country, whatever no other row names.
    area_code    integer NOT NULL,
    version_date date NOT NULL,
    entries      bigint NOT NULL,
    bitmap_hash  bytea NOT NULL,
    PRIMARY KEY (load_id, area_code),
    CONSTRAINT registry_areas_hash_length CHECK (octet_length(bitmap_hash) = 32)
);
-- The one in force is the newest: by its day, then by its load (ids sort by creation).
CREATE INDEX registry_areas_newest
    ON registry_areas (registry, area_code, version_date DESC, load_id DESC);

CREATE TABLE registry_bitmaps (
    hash    bytea PRIMARY KEY,
    numbers bytea NOT NULL,
    CONSTRAINT registry_bitmaps_hash_length CHECK (octet_length(hash) = 32)
);
-- Compressed already.
ALTER TABLE registry_bitmaps ALTER COLUMN numbers SET STORAGE EXTERNAL;

CREATE TRIGGER registry_loads_append_only
    BEFORE UPDATE OR DELETE ON registry_loads FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER registry_loads_no_truncate
    BEFORE TRUNCATE ON registry_loads FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER registry_areas_append_only
    BEFORE UPDATE OR DELETE ON registry_areas FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER registry_areas_no_truncate
    BEFORE TRUNCATE ON registry_areas FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER registry_bitmaps_unchanged
    BEFORE UPDATE ON registry_bitmaps FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The data is confidential (CALL-27): those who place calls and texts may read it, and the
-- command line, which alone loads it.
GRANT SELECT ON registry_loads, registry_areas, registry_bitmaps
    TO touchline_call_worker, touchline_sms_worker, touchline_operator;
GRANT INSERT ON registry_loads, registry_areas, registry_bitmaps TO touchline_operator;
GRANT DELETE ON registry_bitmaps TO touchline_operator;
