WITH
-- input
step_0 AS (
  SELECT
    "page_id", "uri", "type", "date", "count", "id"
  FROM "the table"
),
-- split_date [date]
step_1 AS (
  SELECT
    "page_id", "uri", "type", "date", "count", "id",
    CAST("date" AS TIMESTAMP) AS "date_todate",
    CAST(year(CAST("date" AS TIMESTAMP)) AS INTEGER) AS "date_year",
    CAST(month(CAST("date" AS TIMESTAMP)) AS INTEGER) AS "date_month",
    CAST(day(CAST("date" AS TIMESTAMP)) AS INTEGER) AS "date_day"
  FROM step_0
)
SELECT * FROM step_1
