cells AS (
    SELECT Start // {step} AS time,
           -- cells grow by 2^(1/16); the first is for no duration at all
           CASE WHEN Duration = 0 THEN 0 ELSE 1 + ceil(16 * log2(Duration))::BIGINT END AS grid,
           count(*) AS count
    FROM chosen GROUP BY ALL),
extent AS (
    SELECT min(grid) AS lo, max(grid) AS hi, least({cells}, hi - lo + 1) AS n FROM cells)
SELECT time, ((grid - lo + 1) * n - 1) // (hi - lo + 1) AS cell, sum(count)::BIGINT AS count,
       any_value(lo) AS lo, any_value(hi) AS hi
FROM cells, extent GROUP BY time, cell
