WITH
-- input
step_0 AS (
  SELECT
    "link_id", "link_url", "link_name", "link_image", "link_target", "link_description", "link_visible",
    "link_owner", "link_rating", "link_updated", "link_rel", "link_notes", "link_rss"
  FROM "the table"
),
-- drop [link_rss]
step_1 AS (
  SELECT
    "link_id", "link_url", "link_name", "link_image", "link_target", "link_description", "link_visible",
    "link_owner", "link_rating", "link_updated", "link_rel", "link_notes"
  FROM step_0
),
-- decode_entities [link_name]
step_2 AS (
  SELECT
    "link_id", "link_url",
    decode_entities("link_name") AS "link_name",
    "link_image", "link_target", "link_description", "link_visible", "link_owner", "link_rating",
    "link_updated", "link_rel", "link_notes"
  FROM step_1
)
SELECT * FROM step_2
