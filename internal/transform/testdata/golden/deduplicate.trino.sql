WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- deduplicate by [email, day], first of [made desc, id]
step_1 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM (
    SELECT *, row_number() OVER (PARTITION BY "email", "day" ORDER BY "made" DESC NULLS LAST, "ID" ASC NULLS LAST, "name" ASC NULLS LAST, "price" ASC NULLS LAST, "ratio" ASC NULLS LAST, "on_sale" ASC NULLS LAST, "said" ASC NULLS LAST, json_format(CAST("tags" AS JSON)) ASC NULLS LAST, "odd ""name""" ASC NULLS LAST) AS "_wplake_n"
    FROM step_0
  ) AS numbered
  WHERE "_wplake_n" = 1
)
SELECT * FROM step_1
