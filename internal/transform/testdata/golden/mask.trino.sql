WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- mask hash [email, made]
step_1 AS (
  SELECT
    "ID", "name",
    lower(to_hex(sha256(to_utf8('it''s salt' || "email")))) AS "email",
    "price", "ratio", "on_sale",
    lower(to_hex(sha256(to_utf8('it''s salt' || regexp_replace(regexp_replace(CAST("made" AS VARCHAR), '(\.[0-9]*[1-9])0+$', '$1'), '\.0+$', ''))))) AS "made",
    "day", "said", "tags", "odd ""name"""
  FROM step_0
),
-- mask hash [name]
step_2 AS (
  SELECT
    "ID",
    lower(to_hex(sha256(to_utf8("name")))) AS "name",
    "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM step_1
),
-- mask redact [ID]
step_3 AS (
  SELECT
    CASE WHEN "ID" IS NOT NULL THEN '***' END AS "ID",
    "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM step_2
),
-- mask email [said]
step_4 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day",
    CASE WHEN regexp_like("said", '\A[^@\s]+@[^@\s]+\z') THEN substr("said", 1, 1) || '***' || substr("said", strpos("said", '@')) WHEN "said" IS NOT NULL THEN '***' END AS "said",
    "tags", "odd ""name"""
  FROM step_3
),
-- mask null [tags, price]
step_5 AS (
  SELECT
    "ID", "name", "email",
    CASE WHEN FALSE THEN "price" END AS "price",
    "ratio", "on_sale", "made", "day", "said",
    CASE WHEN FALSE THEN "tags" END AS "tags",
    "odd ""name"""
  FROM step_4
)
SELECT * FROM step_5
