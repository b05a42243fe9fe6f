SELECT * FROM otel_traces
WHERE {range} AND position(SpanAttributes['http.target'], {text}) > 0
{newest} LIMIT 100;
