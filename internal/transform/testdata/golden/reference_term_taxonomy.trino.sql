WITH
-- input
step_0 AS (
  SELECT
    "term_taxonomy_id", "term_id", "taxonomy", "description", "parent", "count"
  FROM "the table"
),
-- drop [description, parent]
step_1 AS (
  SELECT
    "term_taxonomy_id", "term_id", "taxonomy", "count"
  FROM step_0
)
SELECT * FROM step_1
