SELECT * FROM otel_traces
WHERE {range} AND SpanAttributes['user.id'] = {user}
ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC LIMIT 1000;
