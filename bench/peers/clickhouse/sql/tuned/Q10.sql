SELECT * FROM otel_traces
WHERE {range} AND user_id = {user}
{newest} LIMIT 1000;
