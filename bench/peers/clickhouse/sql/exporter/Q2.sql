SELECT * FROM otel_traces
WHERE {range} AND ServiceName = {service} AND toInt64OrNull(SpanAttributes['http.status_code']) >= {status}
{newest} LIMIT 100;
