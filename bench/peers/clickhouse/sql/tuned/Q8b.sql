SELECT http_route AS value, count() AS count FROM otel_traces WHERE {range} AND value != ''
GROUP BY value ORDER BY count DESC, value LIMIT 100;
