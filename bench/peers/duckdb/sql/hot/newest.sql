ORDER BY Start DESC, TraceHi DESC, TraceLo DESC, Span DESC
