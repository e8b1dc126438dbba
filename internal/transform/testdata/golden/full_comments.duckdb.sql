WITH
-- input
step_0 AS (
  SELECT
    "comment_ID", "comment_post_ID", "comment_author", "comment_author_email", "comment_author_url",
    "comment_author_IP", "comment_date", "comment_date_gmt", "comment_content", "comment_karma",
    "comment_approved", "comment_agent", "comment_type", "comment_parent", "user_id"
  FROM "the table"
),
-- drop [comment_karma]
step_1 AS (
  SELECT
    "comment_ID", "comment_post_ID", "comment_author", "comment_author_email", "comment_author_url",
    "comment_author_IP", "comment_date", "comment_date_gmt", "comment_content", "comment_approved",
    "comment_agent", "comment_type", "comment_parent", "user_id"
  FROM step_0
),
-- decode_entities [comment_author]
step_2 AS (
  SELECT
    "comment_ID", "comment_post_ID",
    decode_entities("comment_author") AS "comment_author",
    "comment_author_email", "comment_author_url", "comment_author_IP", "comment_date",
    "comment_date_gmt", "comment_content", "comment_approved", "comment_agent", "comment_type",
    "comment_parent", "user_id"
  FROM step_1
),
-- split_date [comment_date]
step_3 AS (
  SELECT
    "comment_ID", "comment_post_ID", "comment_author", "comment_author_email", "comment_author_url",
    "comment_author_IP", "comment_date", "comment_date_gmt", "comment_content", "comment_approved",
    "comment_agent", "comment_type", "comment_parent", "user_id",
    "comment_date" AS "comment_date_todate",
    CAST(year("comment_date") AS INTEGER) AS "comment_date_year",
    CAST(month("comment_date") AS INTEGER) AS "comment_date_month",
    CAST(day("comment_date") AS INTEGER) AS "comment_date_day"
  FROM step_2
)
SELECT * FROM step_3
