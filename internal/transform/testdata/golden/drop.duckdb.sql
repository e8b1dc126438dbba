WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- drop [NAME, absent]
step_1 AS (
  SELECT
    "ID", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM step_0
)
SELECT * FROM step_1
-- note: step 1 (drop): there is no column absent
