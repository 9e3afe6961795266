-- Bitmaps that belong neither to the version in force of any area code nor to the one before it.
DELETE FROM registry_bitmaps b
 WHERE NOT EXISTS (
       SELECT 1
         FROM (SELECT a.bitmap_hash,
                      row_number() OVER (PARTITION BY a.registry, a.area_code
                                         ORDER BY a.version_date DESC, a.load_id DESC) AS age
                 FROM registry_areas a) AS version
        WHERE version.age <= 2 AND version.bitmap_hash = b.hash)
