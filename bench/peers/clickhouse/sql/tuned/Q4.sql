SELECT TraceId,
       anyIf(SpanName, ParentSpanId = '')                                 AS RootName,
       anyIf(ServiceName, ParentSpanId = '')                              AS RootService,
       min(toUnixTimestamp64Nano(Timestamp))                              AS Start,
       max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration))          AS End,
       count()                                                            AS Spans,
       countIf(StatusCode = 'Error')                                      AS Errors
FROM otel_traces
WHERE TraceId IN (
    SELECT TraceId FROM otel_traces WHERE {range} AND ServiceName = {service} AND StatusCode = 'Error')
GROUP BY TraceId
HAVING End - Start BETWEEN {min_duration} AND {max_duration}
ORDER BY Start DESC, TraceId DESC LIMIT 50;
