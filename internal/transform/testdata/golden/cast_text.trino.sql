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
    json_format(CAST("ratio" AS JSON)) AS "ratio",
    CAST("on_sale" AS VARCHAR) AS "on_sale",
    regexp_replace(regexp_replace(CAST("made" AS VARCHAR), '(\.[0-9]*[1-9])0+$', '$1'), '\.0+$', '') AS "made",
    "day", "said",
    json_format(CAST("tags" AS JSON)) AS "tags",
    "odd ""name"""
  FROM step_0
)
SELECT * FROM step_1
