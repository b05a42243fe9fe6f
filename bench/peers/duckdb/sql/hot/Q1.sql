SET VARIABLE first = (SELECT min(First) FROM traces WHERE TraceLo = {trace_lo} AND TraceHi = {trace_hi});
SET VARIABLE last = (SELECT max(Last) FROM traces WHERE TraceLo = {trace_lo} AND TraceHi = {trace_hi});
SELECT * FROM spans
WHERE TraceLo = {trace_lo} AND TraceHi = {trace_hi} AND Start >= getvariable('first') AND Start <= getvariable('last')
ORDER BY Start, Span;
