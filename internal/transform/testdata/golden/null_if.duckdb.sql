WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- null_if [day in ["1970-01-01"], id in ["0"], made in ["1970-01-01 00:00:00"], name in ["", "n/a"], on_sale in ["false"]…
step_1 AS (
  SELECT
    CASE WHEN "ID" IN (0) THEN NULL ELSE "ID" END AS "ID",
    CASE WHEN "name" IN ('', 'n/a') THEN NULL ELSE "name" END AS "name",
    "email",
    CASE WHEN "price" IN (0.00) THEN NULL ELSE "price" END AS "price",
    CASE WHEN "ratio" IN (CAST('-1' AS DOUBLE)) THEN NULL ELSE "ratio" END AS "ratio",
    CASE WHEN "on_sale" IN (FALSE) THEN NULL ELSE "on_sale" END AS "on_sale",
    CASE WHEN "made" IN (TIMESTAMP '1970-01-01 00:00:00') THEN NULL ELSE "made" END AS "made",
    CASE WHEN "day" IN (DATE '1970-01-01') THEN NULL ELSE "day" END AS "day",
    "said", "tags", "odd ""name"""
  FROM step_0
)
SELECT * FROM step_1
