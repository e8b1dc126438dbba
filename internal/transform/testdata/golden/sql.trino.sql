WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- sql SELECT "ID", 1 AS one FROM input -- the table
step_1 AS (
  WITH input AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM step_0
  )
  SELECT
    CAST("ID" AS BIGINT) AS "ID",
    CAST("one" AS INTEGER) AS "one"
  FROM (
SELECT "ID", 1 AS one
FROM input -- the table
  ) AS result
),
-- drop [one]
step_2 AS (
  SELECT
    "ID"
  FROM step_1
)
SELECT * FROM step_2
