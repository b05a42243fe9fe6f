SELECT DISTINCT 'span' AS scope, unnest(map_keys(SpanAttributes)) AS key FROM otel_traces WHERE {range}
UNION ALL
SELECT DISTINCT 'resource', unnest(map_keys(ResourceAttributes)) FROM otel_traces WHERE {range};
