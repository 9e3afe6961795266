-- Adds contacts, or brings known ones up to date. What a row does not say stays as it is; the source
-- is recorded once (domain.md T1).
-- $1 contacts as JSON, $2 whether they are of the sample
WITH given AS MATERIALIZED (
    SELECT r.*, a.id AS owner_id
      FROM jsonb_to_recordset($1) AS r (
           id uuid, known boolean, external_id text, full_name text, first_name text, locale text,
           time_zone text, preferred_hours text, country text, state text, city text, area text, "group" text,
           status text, level text, contact_type text, source text, owner_email text,
           birthday date, spouse_birthday date, closing_date date, notes text, custom jsonb,
           digest text)
      LEFT JOIN agents a ON a.email = r.owner_email
),
updated AS (
    UPDATE contacts c SET
           external_id     = coalesce(g.external_id, c.external_id),
           full_name       = g.full_name,
           first_name      = g.first_name,
           locale          = coalesce(g.locale::locale, c.locale),
           time_zone       = coalesce(g.time_zone, c.time_zone),
           preferred_hours = coalesce(g.preferred_hours, c.preferred_hours),
           country         = coalesce(g.country, c.country),
           state           = coalesce(g.state, c.state),
           city            = coalesce(g.city, c.city),
           area            = coalesce(g.area, c.area),
           contact_group   = coalesce(g."group"::contact_group, c.contact_group),
           status          = coalesce(g.status::contact_status, c.status),
           level           = coalesce(g.level::contact_level, c.level),
           contact_type    = coalesce(g.contact_type, c.contact_type),
           owner_id        = coalesce(g.owner_id, c.owner_id),
           birthday        = coalesce(g.birthday, c.birthday),
           spouse_birthday = coalesce(g.spouse_birthday, c.spouse_birthday),
           closing_date    = coalesce(g.closing_date, c.closing_date),
           notes           = coalesce(g.notes, c.notes),
           custom          = c.custom || coalesce(g.custom, '{}'),
           digest          = decode(g.digest, 'hex'),
           updated_at      = now()
      FROM given g WHERE g.known AND c.id = g.id
)
INSERT INTO contacts (id, external_id, full_name, first_name, locale, time_zone, country, state, city,
                      area, contact_group, status, level, contact_type, source, owner_id, birthday,
                      spouse_birthday, closing_date, notes, custom, digest, preferred_hours,
                      is_sample)
SELECT id, external_id, full_name, first_name, coalesce(locale, 'en')::locale, time_zone, country,
       state, city, area, coalesce("group", 'target')::contact_group,
       coalesce(status, 'potential')::contact_status, coalesce(level, 'C')::contact_level,
       coalesce(contact_type, 'other'), source, owner_id, birthday, spouse_birthday, closing_date,
       notes, coalesce(custom, '{}'), decode(digest, 'hex'), preferred_hours, $2
  FROM given WHERE NOT known
