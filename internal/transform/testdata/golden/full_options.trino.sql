WITH
-- input
step_0 AS (
  SELECT
    "option_id", "option_name", "option_value", "autoload"
  FROM "the table"
),
-- filter option_name IN ( 'siteurl', 'home', 'blogname', 'blogdescription', 'blog_public', 'blog_charset', 'WPLANG', 'tim…
step_1 AS (
  SELECT
    "option_id", "option_name", "option_value", "autoload"
  FROM step_0
  WHERE (option_name IN (
  'siteurl', 'home', 'blogname', 'blogdescription', 'blog_public', 'blog_charset', 'WPLANG', 'timezone_string',
  'gmt_offset', 'date_format', 'time_format', 'start_of_week', 'permalink_structure', 'category_base', 'tag_base',
  'posts_per_page', 'posts_per_rss', 'rss_use_excerpt', 'show_on_front', 'page_on_front', 'page_for_posts',
  'default_category', 'default_comment_status', 'default_ping_status', 'comment_moderation', 'comment_registration',
  'users_can_register', 'default_role', 'template', 'stylesheet', 'current_theme', 'active_plugins', 'db_version',
  'initial_db_version'
))
)
SELECT * FROM step_1
