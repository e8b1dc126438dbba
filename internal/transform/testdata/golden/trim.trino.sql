WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- trim [name]
step_1 AS (
  SELECT
    "ID",
    regexp_replace("name", '\A[\s\x0B\x{85}\p{Z}]+|[\s\x0B\x{85}\p{Z}]+\z', '') AS "name",
    "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM step_0
)
SELECT * FROM step_1
