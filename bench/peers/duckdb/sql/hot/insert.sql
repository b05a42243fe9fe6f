-- spans is the request as an Arrow record, trace_times three of its columns.
INSERT INTO store.main.spans SELECT * FROM memory.main.spans;
INSERT INTO store.main.traces
SELECT TraceHi, TraceLo, min(Start), max(Start) FROM memory.main.trace_times GROUP BY TraceHi, TraceLo;
