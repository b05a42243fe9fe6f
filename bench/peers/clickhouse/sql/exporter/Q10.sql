SELECT * FROM otel_traces
WHERE {range} AND SpanAttributes['user.id'] = {user}
{newest} LIMIT 1000;
