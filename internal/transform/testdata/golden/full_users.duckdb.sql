WITH
-- input
step_0 AS (
  SELECT
    "ID", "user_login", "user_pass", "user_nicename", "user_email", "user_url", "user_registered",
    "user_activation_key", "user_status", "display_name"
  FROM "the table"
),
-- drop [user_pass, user_activation_key]
step_1 AS (
  SELECT
    "ID", "user_login", "user_nicename", "user_email", "user_url", "user_registered", "user_status",
    "display_name"
  FROM step_0
),
-- decode_entities [display_name]
step_2 AS (
  SELECT
    "ID", "user_login", "user_nicename", "user_email", "user_url", "user_registered", "user_status",
    decode_entities("display_name") AS "display_name"
  FROM step_1
),
-- split_date [user_registered]
step_3 AS (
  SELECT
    "ID", "user_login", "user_nicename", "user_email", "user_url", "user_registered", "user_status",
    "display_name",
    "user_registered" AS "user_registered_todate",
    CAST(year("user_registered") AS INTEGER) AS "user_registered_year",
    CAST(month("user_registered") AS INTEGER) AS "user_registered_month",
    CAST(day("user_registered") AS INTEGER) AS "user_registered_day"
  FROM step_2
)
SELECT * FROM step_3
