WITH
-- input
step_0 AS (
  SELECT
    "term_taxonomy_id", "term_id", "taxonomy", "description", "parent", "count"
  FROM "the table"
)
SELECT * FROM step_0
