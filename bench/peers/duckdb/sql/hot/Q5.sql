WITH chosen AS (SELECT Start, Duration FROM spans WHERE {range}),
{heatmap};
