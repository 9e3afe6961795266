-- Changes a user and ends what the change makes untrue. $1 user, $2 name, $3 roles, $4 locale,
-- $5 disabled, $6 actor. Answers whether it was done.
WITH
-- Administrators are locked together, so that two cannot take each other's role at once.
admins AS MATERIALIZED (
    SELECT u.id FROM users u
     WHERE 'admin' = ANY (u.roles) AND u.disabled_at IS NULL ORDER BY u.id FOR UPDATE
),
is_allowed AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM admins a WHERE a.id <> $1)
           OR NOT EXISTS (SELECT FROM admins a WHERE a.id = $1)
           OR ('admin' = ANY ($3::text[]) AND NOT $5) AS it
),
former AS MATERIALIZED (
    SELECT u.roles FROM users u WHERE u.id = $1 FOR UPDATE
),
changed AS (
    UPDATE users u
       SET full_name = $2, roles = $3::text[]::user_role[], locale = $4::text::locale,
           disabled_at = CASE WHEN $5 THEN coalesce(u.disabled_at, clock_timestamp()) END
      FROM is_allowed i, former f
     WHERE u.id = $1 AND i.it
    RETURNING u.id, u.roles <> f.roles OR u.disabled_at IS NOT NULL AS ends_sessions
),
ended AS (
    DELETE FROM sessions s USING changed c WHERE s.user_id = c.id AND c.ends_sessions
),
noted AS (
    INSERT INTO access_events (id, action, actor, user_id)
    SELECT uuid_v7(), 'user_changed', $6, c.id FROM changed c
)
SELECT EXISTS (SELECT FROM changed)
