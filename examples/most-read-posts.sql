-- The ten most read posts of the last three months, with their categories.
--
-- statistics_pages.id is a post's, a term's or an author's number, depending
-- on type: without the condition on type a category's views would land on the
-- post that happens to have the same number.
WITH reads AS (
    SELECT id, CAST(sum("count") AS BIGINT) AS reads
    FROM "silver-statistics_pages"
    WHERE type = 'post'
      AND date_todate > (SELECT max(date_todate) FROM "silver-statistics_pages") - INTERVAL 3 MONTH
    GROUP BY id
), categories AS (
    SELECT relationship.object_id, string_agg(term.name, ', ' ORDER BY term.name) AS categories
    FROM "silver-term_relationship" AS relationship
    JOIN "silver-term_taxonomy" AS taxonomy USING (term_taxonomy_id)
    JOIN "silver-terms" AS term USING (term_id)
    WHERE taxonomy.taxonomy = 'category'
    GROUP BY relationship.object_id
)
SELECT post.post_title AS post, categories.categories, reads.reads
FROM reads
JOIN "silver-posts" AS post ON post."ID" = reads.id
LEFT JOIN categories ON categories.object_id = post."ID"
WHERE post.post_type = 'post' AND post.post_status = 'publish'
ORDER BY reads.reads DESC, post."ID"
LIMIT 10;
