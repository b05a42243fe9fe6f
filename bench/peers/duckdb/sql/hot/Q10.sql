SELECT * FROM spans
WHERE {range} AND "span.user.id" = {user}
{newest} LIMIT 1000;
