SELECT * FROM otel_traces
WHERE {range} AND ServiceName = {service} AND StatusCode = 'Error'
ORDER BY Duration DESC, Timestamp DESC, TraceId DESC, SpanId DESC LIMIT 20;
