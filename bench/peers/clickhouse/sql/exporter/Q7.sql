SELECT DISTINCT 'span' AS scope, arrayJoin(mapKeys(SpanAttributes)) AS key FROM otel_traces WHERE {range}
UNION ALL
SELECT DISTINCT 'resource', arrayJoin(mapKeys(ResourceAttributes)) FROM otel_traces WHERE {range};
