SELECT DISTINCT 'span' AS scope, SpanKeys AS keys FROM spans WHERE {range}
UNION ALL
SELECT DISTINCT 'resource', ResourceKeys FROM spans WHERE {range};
