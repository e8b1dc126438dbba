WITH
-- input
step_0 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name"""
  FROM "the table"
),
-- split_date [made, day, said]
step_1 AS (
  SELECT
    "ID", "name", "email", "price", "ratio", "on_sale", "made", "day", "said", "tags", "odd ""name""",
    "made" AS "made_todate",
    CAST(year("made") AS INTEGER) AS "made_year",
    CAST(month("made") AS INTEGER) AS "made_month",
    CAST(day("made") AS INTEGER) AS "made_day",
    CAST("day" AS TIMESTAMP(6)) AS "day_todate",
    CAST(year(CAST("day" AS TIMESTAMP(6))) AS INTEGER) AS "day_year",
    CAST(month(CAST("day" AS TIMESTAMP(6))) AS INTEGER) AS "day_month",
    CAST(day(CAST("day" AS TIMESTAMP(6))) AS INTEGER) AS "day_day",
    CASE WHEN regexp_like("said", '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?)?$') THEN TRY_CAST(replace("said", 'T', ' ') AS TIMESTAMP(6)) END AS "said_todate",
    CAST(year(CASE WHEN regexp_like("said", '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?)?$') THEN TRY_CAST(replace("said", 'T', ' ') AS TIMESTAMP(6)) END) AS INTEGER) AS "said_year",
    CAST(month(CASE WHEN regexp_like("said", '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?)?$') THEN TRY_CAST(replace("said", 'T', ' ') AS TIMESTAMP(6)) END) AS INTEGER) AS "said_month",
    CAST(day(CASE WHEN regexp_like("said", '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?)?$') THEN TRY_CAST(replace("said", 'T', ' ') AS TIMESTAMP(6)) END) AS INTEGER) AS "said_day"
  FROM step_0
)
SELECT * FROM step_1
