WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- drop [tags]
step_1 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "odd ""name"""
  FROM step_0
),
-- filter ratio < 1
step_2 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "odd ""name"""
  FROM step_1
  WHERE (ratio < 1)
),
-- cast [name to bigint]
step_3 AS (
  SELECT
    "ID",
    CASE WHEN regexp_matches("name", '^[+-]?[0-9]+$') THEN TRY_CAST("name" AS BIGINT) END AS "name",
    "email", "price", "ratio", "on_sale", "made", "day", "said", "odd ""name"""
  FROM step_2
  WHERE ("name" IS NULL OR CASE WHEN regexp_matches("name", '^[+-]?[0-9]+$') THEN TRY_CAST("name" AS BIGINT) END IS NOT NULL)
),
-- trim [said]
step_4 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day",
    regexp_replace("said", '\A[\s\x0B\x{85}\p{Z}]+|[\s\x0B\x{85}\p{Z}]+\z', '', 'g') AS "said",
    "odd ""name"""
  FROM step_3
),
-- cast [name to int]
step_5 AS (
  SELECT
    "ID",
    TRY_CAST("name" AS INTEGER) AS "name",
    "email", "price", "ratio", "on_sale", "made", "day", "said", "odd ""name"""
  FROM step_4
  WHERE ("name" IS NULL OR TRY_CAST("name" AS INTEGER) IS NOT NULL)
)
SELECT * FROM step_5

-- rejects
(WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- drop [tags]
step_1 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "odd ""name"""
  FROM step_0
),
-- filter ratio < 1
step_2 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "odd ""name"""
  FROM step_1
  WHERE (ratio < 1)
)
SELECT
  'CastFailed' AS "_reason",
  CASE
    WHEN "name" IS NOT NULL AND CASE WHEN regexp_matches("name", '^[+-]?[0-9]+$') THEN TRY_CAST("name" AS BIGINT) END IS NULL THEN 'name'
  END AS "_column",
  CASE
    WHEN "name" IS NOT NULL AND CASE WHEN regexp_matches("name", '^[+-]?[0-9]+$') THEN TRY_CAST("name" AS BIGINT) END IS NULL THEN "name"
  END AS "_value",
  CAST(to_json({'ID': "ID", 'name': "name", 'email': "email", 'price': "price", 'ratio': "ratio", 'on_sale': "on_sale", 'made': "made", 'day': "day", 'said': "said", 'odd "name"': "odd ""name"""}) AS VARCHAR) AS "original"
FROM step_2
WHERE NOT (("name" IS NULL OR CASE WHEN regexp_matches("name", '^[+-]?[0-9]+$') THEN TRY_CAST("name" AS BIGINT) END IS NOT NULL)))
UNION ALL
(WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- drop [tags]
step_1 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "odd ""name"""
  FROM step_0
),
-- filter ratio < 1
step_2 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "odd ""name"""
  FROM step_1
  WHERE (ratio < 1)
),
-- cast [name to bigint]
step_3 AS (
  SELECT
    "ID",
    CASE WHEN regexp_matches("name", '^[+-]?[0-9]+$') THEN TRY_CAST("name" AS BIGINT) END AS "name",
    "email", "price", "ratio", "on_sale", "made", "day", "said", "odd ""name"""
  FROM step_2
  WHERE ("name" IS NULL OR CASE WHEN regexp_matches("name", '^[+-]?[0-9]+$') THEN TRY_CAST("name" AS BIGINT) END IS NOT NULL)
),
-- trim [said]
step_4 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day",
    regexp_replace("said", '\A[\s\x0B\x{85}\p{Z}]+|[\s\x0B\x{85}\p{Z}]+\z', '', 'g') AS "said",
    "odd ""name"""
  FROM step_3
)
SELECT
  'CastFailed' AS "_reason",
  CASE
    WHEN "name" IS NOT NULL AND TRY_CAST("name" AS INTEGER) IS NULL THEN 'name'
  END AS "_column",
  CASE
    WHEN "name" IS NOT NULL AND TRY_CAST("name" AS INTEGER) IS NULL THEN CAST("name" AS VARCHAR)
  END AS "_value",
  CAST(to_json({'ID': "ID", 'name': "name", 'email': "email", 'price': "price", 'ratio': "ratio", 'on_sale': "on_sale", 'made': "made", 'day': "day", 'said': "said", 'odd "name"': "odd ""name"""}) AS VARCHAR) AS "original"
FROM step_4
WHERE NOT (("name" IS NULL OR TRY_CAST("name" AS INTEGER) IS NOT NULL)))
