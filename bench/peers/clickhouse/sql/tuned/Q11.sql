SELECT count() AS total FROM otel_traces
WHERE {range} AND http_method = {method} AND http_status_code BETWEEN 1 AND {status} - 1;
SELECT * FROM otel_traces
WHERE {range} AND http_method = {method} AND http_status_code BETWEEN 1 AND {status} - 1
{newest} LIMIT 50;
