WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- select [name, id]
step_1 AS (
  SELECT
    "name", "ID"
  FROM step_0
)
SELECT * FROM step_1
