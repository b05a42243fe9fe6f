SELECT * FROM otel_traces
WHERE {range} AND ServiceName = {service}
  AND TRY_CAST(SpanAttributes['http.status_code'] AS BIGINT) >= {status}
ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC LIMIT 100;
