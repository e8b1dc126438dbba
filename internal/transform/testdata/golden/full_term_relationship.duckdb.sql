WITH
-- input
step_0 AS (
  SELECT
    "object_id", "term_taxonomy_id", "term_order"
  FROM "the table"
)
SELECT * FROM step_0
