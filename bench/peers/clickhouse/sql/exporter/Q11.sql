SELECT count() AS total FROM otel_traces
WHERE {range} AND SpanAttributes['http.method'] = {method} AND toInt64OrNull(SpanAttributes['http.status_code']) < {status};
SELECT * FROM otel_traces
WHERE {range} AND SpanAttributes['http.method'] = {method} AND toInt64OrNull(SpanAttributes['http.status_code']) < {status}
{newest} LIMIT 50;
