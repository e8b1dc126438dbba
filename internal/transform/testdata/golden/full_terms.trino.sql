WITH
entities AS (
  SELECT '(all entities)' AS _wplake_entities
),
-- input
step_0 AS (
  SELECT
    "term_id", "name", "slug", "term_group"
  FROM "the table"
),
-- drop [term_group]
step_1 AS (
  SELECT
    "term_id", "name", "slug"
  FROM step_0
),
-- decode_entities [name]
step_2 AS (
  SELECT
    "term_id",
    CASE WHEN "name" LIKE '%&%' THEN array_join(transform(regexp_extract_all("name", '&#[0-9]+;|&#[0-9]{2,}|&#[xX][0-9a-fA-F]+;?|&[A-Za-z0-9]+;?|&|[^&]+'), t -> CASE WHEN t NOT LIKE '&_%' THEN t WHEN t = '&amp;' THEN '&' WHEN t = '&lt;' THEN '<' WHEN t = '&gt;' THEN '>' WHEN t = '&quot;' THEN '"' WHEN t = '&nbsp;' THEN ' ' WHEN t = '&apos;' THEN '''' WHEN t = '&hellip;' THEN '…' WHEN t = '&rsquo;' THEN '’' WHEN t = '&lsquo;' THEN '‘' WHEN t = '&rdquo;' THEN '”' WHEN t = '&ldquo;' THEN '“' WHEN t = '&ndash;' THEN '–' WHEN t = '&mdash;' THEN '—' WHEN t LIKE '&#%' THEN element_at(transform(ARRAY[CASE WHEN t LIKE '&#x%' OR t LIKE '&#X%' THEN CASE WHEN length(regexp_extract(t, '^&#[xX]0*([0-9a-fA-F]*)', 1)) > 6 THEN 1114112 ELSE from_base('0' || regexp_extract(t, '^&#[xX]0*([0-9a-fA-F]*)', 1), 16) END WHEN length(regexp_extract(t, '^&#0*([0-9]*)', 1)) > 7 THEN 1114112 ELSE CAST('0' || regexp_extract(t, '^&#0*([0-9]*)', 1) AS BIGINT) END], n -> CASE WHEN n = 0 OR n BETWEEN 55296 AND 57343 OR n > 1114111 THEN chr(65533) WHEN n BETWEEN 128 AND 159 THEN element_at(ARRAY['€', '', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '', 'Ž', '', '', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '', 'ž', 'Ÿ'], n - 127) ELSE chr(n) END), 1) ELSE element_at(transform(ARRAY[CASE WHEN t LIKE '%;' AND strpos(_wplake_entities, '␟' || substr(t, 2)) > 0 THEN substr(t, 2, length(t) - 2) ELSE coalesce(regexp_extract(t, '^&(Aacute|Agrave|Atilde|Ccedil|Eacute|Egrave|Iacute|Igrave|Ntilde|Oacute|Ograve|Oslash|Otilde|Uacute|Ugrave|Yacute|aacute|agrave|atilde|brvbar|ccedil|curren|divide|eacute|egrave|frac12|frac14|frac34|iacute|igrave|iquest|middot|ntilde|oacute|ograve|oslash|otilde|plusmn|uacute|ugrave|yacute|AElig|Acirc|Aring|Ecirc|Icirc|Ocirc|THORN|Ucirc|acirc|acute|aelig|aring|cedil|ecirc|icirc|iexcl|laquo|micro|ocirc|pound|raquo|szlig|thorn|times|ucirc|Auml|COPY|Euml|Iuml|Ouml|QUOT|Uuml|auml|cent|copy|euml|iuml|macr|nbsp|ordf|ordm|ouml|para|quot|sect|sup1|sup2|sup3|uuml|yuml|AMP|ETH|REG|amp|deg|eth|not|reg|shy|uml|yen|GT|LT|gt|lt)', 1), '') END], k -> CASE WHEN k = '' THEN t ELSE split_part(substr(_wplake_entities, strpos(_wplake_entities, '␟' || k || ';') + length(k) + 2, 8), '␟', 1) || CASE WHEN t = '&' || k || ';' THEN '' ELSE substr(t, length(k) + 2) END END), 1) END), '') ELSE "name" END AS "name",
    "slug"
  FROM step_1 CROSS JOIN entities
)
SELECT * FROM step_2
