SELECT count(*) AS total FROM otel_traces
WHERE {range} AND SpanAttributes['http.method'] = {method}
  AND TRY_CAST(SpanAttributes['http.status_code'] AS BIGINT) < {status};
SELECT * FROM otel_traces
WHERE {range} AND SpanAttributes['http.method'] = {method}
  AND TRY_CAST(SpanAttributes['http.status_code'] AS BIGINT) < {status}
ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC LIMIT 50;
