SELECT count(*) AS total FROM spans
WHERE {range} AND "span.http.method" = {method} AND "span.http.status_code" < {status};
SELECT * FROM spans
WHERE {range} AND "span.http.method" = {method} AND "span.http.status_code" < {status}
{newest} LIMIT 50;
