SELECT DISTINCT 'span' AS scope, span_keys AS keys FROM otel_traces WHERE {range}
UNION ALL
SELECT DISTINCT 'resource', resource_keys FROM otel_traces WHERE {range};
