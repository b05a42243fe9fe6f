SELECT * FROM spans
WHERE {range} AND contains("span.http.target", {text})
{newest} LIMIT 100;
