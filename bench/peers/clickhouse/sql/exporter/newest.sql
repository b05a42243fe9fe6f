ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC
