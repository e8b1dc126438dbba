WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- replace /(\d+)\s*(€|\$)/ by "\\2 \\1 \\\\ $" in [name]
step_1 AS (
  SELECT
    "ID",
    regexp_replace("name", '(\d+)\s*(€|\$)', '\2 \1 \\ $', 'g') AS "name",
    "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM step_0
)
SELECT * FROM step_1
