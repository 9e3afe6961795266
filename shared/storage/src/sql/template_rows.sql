-- The list of templates: the newest version of each, and drafts, without texts.
WITH current AS (
    SELECT DISTINCT ON (v.key) v.key, v.version, v.medium::text AS medium, v.source
      FROM template_versions v ORDER BY v.key, v.version DESC
), told AS (
    -- The newest decision that says whether a template is sent.
    SELECT DISTINCT ON (d.key) d.key, d.action = 'retire' AS retired
      FROM template_decisions d WHERE d.action <> 'discard' ORDER BY d.key, d.at DESC, d.id DESC
)
SELECT key, c.version, coalesce(c.medium, d.source ->> 'medium') AS medium,
       ARRAY(SELECT jsonb_object_keys(coalesce(c.source, d.source) -> 'locales') ORDER BY 1)
           AS locales,
       coalesce(t.retired, false) AS retired, d.actor AS draft_by
  FROM current c FULL JOIN template_drafts d USING (key) LEFT JOIN told t USING (key)
 ORDER BY key
