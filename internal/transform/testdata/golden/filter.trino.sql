WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- filter "ID" > 0 AND name LIKE '%(%'
step_1 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM step_0
  WHERE ("ID" > 0 AND name LIKE '%(%')
)
SELECT * FROM step_1
