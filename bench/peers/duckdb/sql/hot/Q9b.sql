SELECT * FROM spans
WHERE {range} AND regexp_matches("span.http.target", {text})
{newest} LIMIT 100;
