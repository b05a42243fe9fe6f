SELECT * FROM otel_traces
WHERE {range} AND match(SpanAttributes['http.target'], {text})
{newest} LIMIT 100;
