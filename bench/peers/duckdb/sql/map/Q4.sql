WITH traces AS (
    SELECT TraceId,
           max(SpanName) FILTER (ParentSpanId = '')    AS RootName,
           max(ServiceName) FILTER (ParentSpanId = '') AS RootService,
           min(epoch_ns(Timestamp))                    AS Start,
           max(epoch_ns(Timestamp) + Duration::BIGINT) AS "End",
           count(*)                                    AS Spans,
           count(*) FILTER (StatusCode = 'Error')      AS Errors
    FROM otel_traces
    WHERE TraceId IN (
        SELECT TraceId FROM otel_traces
        WHERE {range} AND ServiceName = {service} AND StatusCode = 'Error')
    GROUP BY TraceId)
SELECT * FROM traces
WHERE "End" - Start BETWEEN {min_duration} AND {max_duration}
ORDER BY Start DESC, TraceId DESC LIMIT 50;
