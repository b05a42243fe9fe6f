SELECT * FROM spans
WHERE {range} AND "resource.service.name" = {service} AND Status = 2
ORDER BY Duration DESC, Start DESC, TraceHi DESC, TraceLo DESC, Span DESC LIMIT 20;
