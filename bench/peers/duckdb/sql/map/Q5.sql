WITH chosen AS (SELECT Timestamp, Duration FROM otel_traces WHERE {range}),
{heatmap};
