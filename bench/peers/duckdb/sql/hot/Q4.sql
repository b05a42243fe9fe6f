WITH traces AS (
    SELECT TraceHi, TraceLo,
           max(SpanName) FILTER (Parent = 0)                AS RootName,
           max("resource.service.name") FILTER (Parent = 0) AS RootService,
           min(Start)                                       AS Start,
           max(Start + Duration)                            AS "End",
           count(*)                                         AS Spans,
           count(*) FILTER (Status = 2)                     AS Errors
    FROM spans
    WHERE (TraceLo, TraceHi) IN (
        SELECT (TraceLo, TraceHi) FROM spans
        WHERE {range} AND "resource.service.name" = {service} AND Status = 2)
    GROUP BY TraceHi, TraceLo)
SELECT * FROM traces
WHERE "End" - Start BETWEEN {min_duration} AND {max_duration}
ORDER BY Start DESC, TraceHi DESC, TraceLo DESC LIMIT 50;
