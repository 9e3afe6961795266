-- Images that emails show: uploaded in the console, shown to the world by inbound under a name that is
-- made of their content.
CREATE TYPE image_type AS ENUM ('png', 'jpeg', 'gif');

CREATE TABLE images (
    id         uuid PRIMARY KEY,
    -- Of the content; a name that was given out never comes to mean another one.
    sha256     bytea NOT NULL CHECK (octet_length(sha256) = 32),
    kind       image_type NOT NULL,
    width      integer NOT NULL CHECK (width > 0),
    height     integer NOT NULL CHECK (height > 0),
    bytes      integer NOT NULL,
    -- What people call it.
    name       text NOT NULL CHECK (name ~ '\S'),
    -- What it shows, for those who do not see it; may be empty.
    alt_en     text NOT NULL DEFAULT '',
    alt_ar     text NOT NULL DEFAULT '',
    actor      text NOT NULL CHECK (actor ~ '\S'),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT images_sha_unique UNIQUE (sha256)
);
SELECT audit('images');

-- Apart, so that the audit log digests what is known of an image and not its bytes: the hash stands for
-- them.
CREATE TABLE image_contents (
    image_id uuid PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    content  bytea NOT NULL
);
ALTER TABLE image_contents ALTER COLUMN content SET STORAGE EXTERNAL;

GRANT SELECT ON images TO touchline_operator;
GRANT INSERT, UPDATE (name, alt_en, alt_ar), DELETE ON images TO touchline_console;
GRANT SELECT, INSERT ON image_contents TO touchline_console;
-- The public edge reads them and does nothing else with them.
GRANT SELECT (id, sha256, kind) ON images TO touchline_inbound;
GRANT SELECT ON image_contents TO touchline_inbound;
