WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- replace "it's" by "it is" in [name]
step_1 AS (
  SELECT
    "ID",
    replace("name", 'it''s', 'it is') AS "name",
    "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM step_0
)
SELECT * FROM step_1
