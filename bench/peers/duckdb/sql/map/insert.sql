-- spans is the request as an Arrow record, trace_times two of its columns.
INSERT INTO store.main.otel_traces SELECT * FROM memory.main.spans;
INSERT INTO store.main.otel_traces_trace_id_ts
SELECT TraceId, min(Timestamp), max(Timestamp) FROM memory.main.trace_times GROUP BY TraceId;
