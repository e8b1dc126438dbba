WITH
-- input
step_0 AS (
  SELECT
    "meta_id", "post_id", "meta_key", "meta_value"
  FROM "the table"
),
-- filter meta_key IS NULL OR NOT ( lower(meta_key) LIKE '%token%' OR lower(meta_key) LIKE '%pass%' OR lower(meta_key) LIK…
step_1 AS (
  SELECT
    "meta_id", "post_id", "meta_key", "meta_value"
  FROM step_0
  WHERE (meta_key IS NULL OR NOT (
  lower(meta_key) LIKE '%token%' OR lower(meta_key) LIKE '%pass%' OR lower(meta_key) LIKE '%secret%'
  OR lower(meta_key) LIKE '%api%key%' OR lower(meta_key) LIKE '%private%key%' OR lower(meta_key) LIKE '%activation%key%'
  OR lower(meta_key) LIKE '%totp%' OR lower(meta_key) LIKE '%two_factor%' OR lower(meta_key) LIKE '%2fa%'
  OR lower(meta_key) LIKE '%backup_code%' OR lower(meta_key) LIKE '%nonce%' OR lower(meta_key) LIKE '%credential%'
))
)
SELECT * FROM step_1
