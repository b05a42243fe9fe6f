SELECT * FROM otel_traces
WHERE {range} AND ServiceName = {service} AND http_status_code >= {status}
{newest} LIMIT 100;
