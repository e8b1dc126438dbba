WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- cast [made to string, on_sale to string, price to string, ratio to string, tags to string]
step_1 AS (
  SELECT
    "ID", "name", "email",
    CAST("price" AS VARCHAR) AS "price",
    CAST("ratio" AS VARCHAR) AS "ratio",
    CAST("on_sale" AS VARCHAR) AS "on_sale",
    CAST("made" AS VARCHAR) AS "made",
    "day", "said",
    CAST(to_json("tags") AS VARCHAR) AS "tags",
    "odd ""name"""
  FROM step_0
)
SELECT * FROM step_1
