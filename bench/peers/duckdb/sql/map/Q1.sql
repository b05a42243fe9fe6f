SET VARIABLE first = (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = {trace});
SET VARIABLE last = (SELECT max("End") FROM otel_traces_trace_id_ts WHERE TraceId = {trace});
SELECT * FROM otel_traces
WHERE TraceId = {trace} AND Timestamp >= getvariable('first') AND Timestamp <= getvariable('last')
ORDER BY Timestamp, SpanId;
