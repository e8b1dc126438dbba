WITH
-- input
step_0 AS (
  SELECT
    "object_id", "term_taxonomy_id", "term_order"
  FROM "the table"
),
-- drop [term_order]
step_1 AS (
  SELECT
    "object_id", "term_taxonomy_id"
  FROM step_0
)
SELECT * FROM step_1
