WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- cast [email to decimal(6,2), id to int, made to date, name to double, said to timestamp]
step_1 AS (
  SELECT
    TRY_CAST("ID" AS INTEGER) AS "ID",
    CASE WHEN regexp_matches("name", '^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$') AND isfinite(TRY_CAST("name" AS DOUBLE)) THEN TRY_CAST("name" AS DOUBLE) END AS "name",
    CASE WHEN regexp_matches("email", '^[+-]?[0-9]+(\.[0-9]{0,2}0*)?$') THEN TRY_CAST("email" AS DECIMAL(6,2)) END AS "email",
    "price", "ratio", "on_sale",
    CASE WHEN CAST(CAST("made" AS DATE) AS TIMESTAMP) = "made" THEN CAST("made" AS DATE) END AS "made",
    "day",
    CASE WHEN regexp_matches("said", '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?)?$') THEN TRY_CAST(replace("said", 'T', ' ') AS TIMESTAMP) END AS "said",
    "tags", "odd ""name"""
  FROM step_0
  WHERE ("email" IS NULL OR CASE WHEN regexp_matches("email", '^[+-]?[0-9]+(\.[0-9]{0,2}0*)?$') THEN TRY_CAST("email" AS DECIMAL(6,2)) END IS NOT NULL)
    AND ("ID" IS NULL OR TRY_CAST("ID" AS INTEGER) IS NOT NULL)
    AND ("made" IS NULL OR CASE WHEN CAST(CAST("made" AS DATE) AS TIMESTAMP) = "made" THEN CAST("made" AS DATE) END IS NOT NULL)
    AND ("name" IS NULL OR CASE WHEN regexp_matches("name", '^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$') AND isfinite(TRY_CAST("name" AS DOUBLE)) THEN TRY_CAST("name" AS DOUBLE) END IS NOT NULL)
    AND ("said" IS NULL OR CASE WHEN regexp_matches("said", '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?)?$') THEN TRY_CAST(replace("said", 'T', ' ') AS TIMESTAMP) END IS NOT NULL)
)
SELECT * FROM step_1

-- rejects
(WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
)
SELECT
  'CastFailed' AS "_reason",
  CASE
    WHEN "email" IS NOT NULL AND CASE WHEN regexp_matches("email", '^[+-]?[0-9]+(\.[0-9]{0,2}0*)?$') THEN TRY_CAST("email" AS DECIMAL(6,2)) END IS NULL THEN 'email'
    WHEN "ID" IS NOT NULL AND TRY_CAST("ID" AS INTEGER) IS NULL THEN 'ID'
    WHEN "made" IS NOT NULL AND CASE WHEN CAST(CAST("made" AS DATE) AS TIMESTAMP) = "made" THEN CAST("made" AS DATE) END IS NULL THEN 'made'
    WHEN "name" IS NOT NULL AND CASE WHEN regexp_matches("name", '^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$') AND isfinite(TRY_CAST("name" AS DOUBLE)) THEN TRY_CAST("name" AS DOUBLE) END IS NULL THEN 'name'
    WHEN "said" IS NOT NULL AND CASE WHEN regexp_matches("said", '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?)?$') THEN TRY_CAST(replace("said", 'T', ' ') AS TIMESTAMP) END IS NULL THEN 'said'
  END AS "_column",
  CASE
    WHEN "email" IS NOT NULL AND CASE WHEN regexp_matches("email", '^[+-]?[0-9]+(\.[0-9]{0,2}0*)?$') THEN TRY_CAST("email" AS DECIMAL(6,2)) END IS NULL THEN "email"
    WHEN "ID" IS NOT NULL AND TRY_CAST("ID" AS INTEGER) IS NULL THEN CAST("ID" AS VARCHAR)
    WHEN "made" IS NOT NULL AND CASE WHEN CAST(CAST("made" AS DATE) AS TIMESTAMP) = "made" THEN CAST("made" AS DATE) END IS NULL THEN CAST("made" AS VARCHAR)
    WHEN "name" IS NOT NULL AND CASE WHEN regexp_matches("name", '^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$') AND isfinite(TRY_CAST("name" AS DOUBLE)) THEN TRY_CAST("name" AS DOUBLE) END IS NULL THEN "name"
    WHEN "said" IS NOT NULL AND CASE WHEN regexp_matches("said", '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?)?$') THEN TRY_CAST(replace("said", 'T', ' ') AS TIMESTAMP) END IS NULL THEN "said"
  END AS "_value",
  CAST(to_json({'ID': "ID", 'name': "name", 'email': "email", 'price': "price", 'ratio': "ratio", 'on_sale': "on_sale", 'made': "made", 'day': "day", 'said': "said", 'tags': "tags", 'odd "name"': "odd ""name"""}) AS VARCHAR) AS "original"
FROM step_0
WHERE NOT (("email" IS NULL OR CASE WHEN regexp_matches("email", '^[+-]?[0-9]+(\.[0-9]{0,2}0*)?$') THEN TRY_CAST("email" AS DECIMAL(6,2)) END IS NOT NULL)
    AND ("ID" IS NULL OR TRY_CAST("ID" AS INTEGER) IS NOT NULL)
    AND ("made" IS NULL OR CASE WHEN CAST(CAST("made" AS DATE) AS TIMESTAMP) = "made" THEN CAST("made" AS DATE) END IS NOT NULL)
    AND ("name" IS NULL OR CASE WHEN regexp_matches("name", '^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$') AND isfinite(TRY_CAST("name" AS DOUBLE)) THEN TRY_CAST("name" AS DOUBLE) END IS NOT NULL)
    AND ("said" IS NULL OR CASE WHEN regexp_matches("said", '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?)?$') THEN TRY_CAST(replace("said", 'T', ' ') AS TIMESTAMP) END IS NOT NULL)))
