-- The data in force for each number asked for: the newest of its own area code or, where a load
-- speaks for a whole country, of the row for everything else ($3 says where that counts).
SELECT asked.area_code AS asked_area_code, asked.registry::text AS registry,
       newest.load_id, newest.area_code, newest.version_date, newest.bitmap_hash
  FROM unnest($1::text[]::registry[], $2::integer[], $3::boolean[])
       AS asked (registry, area_code, is_whole)
 CROSS JOIN LATERAL (
       SELECT either.load_id, either.area_code, either.version_date, either.bitmap_hash
         FROM ((SELECT a.load_id, a.area_code, a.version_date, a.bitmap_hash
                  FROM registry_areas a
                 WHERE a.registry = asked.registry AND a.area_code = asked.area_code
                 ORDER BY a.version_date DESC, a.load_id DESC LIMIT 1)
               UNION ALL
               (SELECT a.load_id, a.area_code, a.version_date, a.bitmap_hash
                  FROM registry_areas a
                 WHERE a.registry = asked.registry AND a.area_code = 0 AND asked.is_whole
                 ORDER BY a.version_date DESC, a.load_id DESC LIMIT 1)) AS either
        ORDER BY either.version_date DESC, either.load_id DESC,
                 (either.area_code = asked.area_code) DESC
        LIMIT 1) AS newest
