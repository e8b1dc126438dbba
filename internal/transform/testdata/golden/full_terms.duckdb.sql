WITH
-- input
step_0 AS (
  SELECT
    "term_id", "name", "slug", "term_group"
  FROM "the table"
),
-- drop [term_group]
step_1 AS (
  SELECT
    "term_id", "name", "slug"
  FROM step_0
),
-- decode_entities [name]
step_2 AS (
  SELECT
    "term_id",
    decode_entities("name") AS "name",
    "slug"
  FROM step_1
)
SELECT * FROM step_2
