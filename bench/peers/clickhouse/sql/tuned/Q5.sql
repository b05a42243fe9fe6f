SELECT time, intDiv((grid - lo + 1) * n - 1, hi - lo + 1) AS cell, sum(spans) AS count, lo, hi
FROM (
    SELECT time, grid, spans,
           min(grid) OVER () AS lo, max(grid) OVER () AS hi, least({cells}, hi - lo + 1) AS n
    FROM (
        SELECT intDiv(toUnixTimestamp64Nano(Timestamp), {step}) AS time,
               -- cells grow by 2^(1/16); the first is for no duration at all
               if(Duration = 0, 0, 1 + toInt64(ceil(16 * log2(Duration)))) AS grid,
               count() AS spans
        FROM otel_traces WHERE {range} GROUP BY time, grid))
GROUP BY time, cell, lo, hi;
