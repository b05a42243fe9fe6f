SELECT "span.http.route" AS value, count(*) AS count FROM spans WHERE {range} AND value IS NOT NULL
GROUP BY value ORDER BY count DESC, value LIMIT 100;
