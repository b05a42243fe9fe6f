SELECT * FROM otel_traces
WHERE {range} AND match(http_target, {text})
{newest} LIMIT 100;
