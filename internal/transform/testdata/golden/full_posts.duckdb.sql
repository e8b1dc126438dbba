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
-- drop [to_ping, pinged, post_content_filtered]
step_1 AS (
  SELECT
    "ID", "post_author", "post_date", "post_date_gmt", "post_content", "post_title", "post_excerpt",
    "post_status", "comment_status", "ping_status", "post_password", "post_name", "post_modified",
    "post_modified_gmt", "post_parent", "guid", "menu_order", "post_type", "post_mime_type",
    "comment_count"
  FROM step_0
),
-- null_if [post_password in [""]]
step_2 AS (
  SELECT
    "ID", "post_author", "post_date", "post_date_gmt", "post_content", "post_title", "post_excerpt",
    "post_status", "comment_status", "ping_status",
    CASE WHEN "post_password" IN ('') THEN NULL ELSE "post_password" END AS "post_password",
    "post_name", "post_modified", "post_modified_gmt", "post_parent", "guid", "menu_order", "post_type",
    "post_mime_type", "comment_count"
  FROM step_1
),
-- mask redact [post_password]
step_3 AS (
  SELECT
    "ID", "post_author", "post_date", "post_date_gmt", "post_content", "post_title", "post_excerpt",
    "post_status", "comment_status", "ping_status",
    CASE WHEN "post_password" IS NOT NULL THEN '***' END AS "post_password",
    "post_name", "post_modified", "post_modified_gmt", "post_parent", "guid", "menu_order", "post_type",
    "post_mime_type", "comment_count"
  FROM step_2
),
-- decode_entities [post_title]
step_4 AS (
  SELECT
    "ID", "post_author", "post_date", "post_date_gmt", "post_content",
    decode_entities("post_title") AS "post_title",
    "post_excerpt", "post_status", "comment_status", "ping_status", "post_password", "post_name",
    "post_modified", "post_modified_gmt", "post_parent", "guid", "menu_order", "post_type",
    "post_mime_type", "comment_count"
  FROM step_3
),
-- split_date [post_date, post_modified]
step_5 AS (
  SELECT
    "ID", "post_author", "post_date", "post_date_gmt", "post_content", "post_title", "post_excerpt",
    "post_status", "comment_status", "ping_status", "post_password", "post_name", "post_modified",
    "post_modified_gmt", "post_parent", "guid", "menu_order", "post_type", "post_mime_type",
    "comment_count",
    "post_date" AS "post_date_todate",
    CAST(year("post_date") AS INTEGER) AS "post_date_year",
    CAST(month("post_date") AS INTEGER) AS "post_date_month",
    CAST(day("post_date") AS INTEGER) AS "post_date_day",
    "post_modified" AS "post_modified_todate",
    CAST(year("post_modified") AS INTEGER) AS "post_modified_year",
    CAST(month("post_modified") AS INTEGER) AS "post_modified_month",
    CAST(day("post_modified") AS INTEGER) AS "post_modified_day"
  FROM step_4
)
SELECT * FROM step_5
