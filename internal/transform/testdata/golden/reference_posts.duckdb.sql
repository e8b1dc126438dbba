WITH
-- input
step_0 AS (
  SELECT
    "ID", "post_author", "post_date", "post_date_gmt", "post_content", "post_title", "post_excerpt",
    "post_status", "comment_status", "ping_status", "post_password", "post_name", "to_ping", "pinged",
    "post_modified", "post_modified_gmt", "post_content_filtered", "post_parent", "guid", "menu_order",
    "post_type", "post_mime_type", "comment_count"
  FROM "the table"
),
-- drop [post_date_gmt, post_excerpt, comment_status, ping_status, post_name, to_ping, pinged, post_modified_gmt, post_con…
step_1 AS (
  SELECT
    "ID", "post_author", "post_date", "post_content", "post_title", "post_status", "post_password",
    "post_modified", "post_parent", "post_type"
  FROM step_0
),
-- split_date [post_date, post_modified]
step_2 AS (
  SELECT
    "ID", "post_author", "post_date", "post_content", "post_title", "post_status", "post_password",
    "post_modified", "post_parent", "post_type",
    "post_date" AS "post_date_todate",
    CAST(year("post_date") AS INTEGER) AS "post_date_year",
    CAST(month("post_date") AS INTEGER) AS "post_date_month",
    CAST(day("post_date") AS INTEGER) AS "post_date_day",
    "post_modified" AS "post_modified_todate",
    CAST(year("post_modified") AS INTEGER) AS "post_modified_year",
    CAST(month("post_modified") AS INTEGER) AS "post_modified_month",
    CAST(day("post_modified") AS INTEGER) AS "post_modified_day"
  FROM step_1
)
SELECT * FROM step_2
