WITH (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = {trace}) AS first,
     (SELECT max(End) + 1 FROM otel_traces_trace_id_ts WHERE TraceId = {trace}) AS last
SELECT * FROM otel_traces
WHERE TraceId = {trace} AND Timestamp >= first AND Timestamp <= last
ORDER BY Timestamp, SpanId;
