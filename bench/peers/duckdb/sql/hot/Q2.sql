SELECT * FROM spans
WHERE {range} AND "resource.service.name" = {service} AND "span.http.status_code" >= {status}
{newest} LIMIT 100;
