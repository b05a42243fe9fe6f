SELECT * FROM otel_traces
WHERE {range} AND regexp_matches(SpanAttributes['http.target'], {text})
ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC LIMIT 100;
