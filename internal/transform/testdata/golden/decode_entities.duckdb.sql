WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- decode_entities [name, email]
step_1 AS (
  SELECT
    "ID",
    decode_entities("name") AS "name",
    decode_entities("email") AS "email",
    "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM step_0
)
SELECT * FROM step_1
