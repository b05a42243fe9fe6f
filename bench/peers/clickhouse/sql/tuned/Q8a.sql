SELECT ServiceName AS value, count() AS count FROM otel_traces WHERE {range}
GROUP BY value ORDER BY count DESC, value LIMIT 100;
