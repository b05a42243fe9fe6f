WITH chosen AS (
    SELECT Start, Duration FROM spans
    WHERE {range} AND "resource.service.name" = {service} AND "span.http.route" = {route}),
{heatmap};
