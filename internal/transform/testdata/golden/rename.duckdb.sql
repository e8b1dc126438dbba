WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- rename [id → thing_id, odd "name" → even]
step_1 AS (
  SELECT
    "ID" AS "thing_id",
    "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags",
    "odd ""name""" AS "even"
  FROM step_0
)
SELECT * FROM step_1
