SELECT * FROM otel_traces
WHERE {range} AND http_target LIKE concat('%', {text}, '%')
{newest} LIMIT 100;
