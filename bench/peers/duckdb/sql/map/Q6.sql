WITH chosen AS (
    SELECT Timestamp, Duration FROM otel_traces
    WHERE {range} AND ServiceName = {service} AND SpanAttributes['http.route'] = {route}),
{heatmap};
