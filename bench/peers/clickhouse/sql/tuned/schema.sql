-- The exporter's table with what is asked for in columns of its own, the keys of
-- a span as one text of which there are few, smaller granules, and indexes for
-- the questions in place of those for any attribute.
CREATE TABLE IF NOT EXISTS otel_traces (
    Timestamp          DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TraceId            String CODEC(ZSTD(1)),
    SpanId             String CODEC(ZSTD(1)),
    ParentSpanId       String CODEC(ZSTD(1)),
    TraceState         String CODEC(ZSTD(1)),
    SpanName           LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind           LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName        LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeName          String CODEC(ZSTD(1)),
    ScopeVersion       String CODEC(ZSTD(1)),
    SpanAttributes     Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Duration           UInt64 CODEC(T64, ZSTD(1)),
    StatusCode         LowCardinality(String) CODEC(ZSTD(1)),
    StatusMessage      String CODEC(ZSTD(1)),
    Events Nested (
        Timestamp  DateTime64(9),
        Name       LowCardinality(String),
        Attributes Map(LowCardinality(String), String)
    ) CODEC(ZSTD(1)),
    Links Nested (
        TraceId    String,
        SpanId     String,
        TraceState String,
        Attributes Map(LowCardinality(String), String)
    ) CODEC(ZSTD(1)),
    user_id          String MATERIALIZED SpanAttributes['user.id'] CODEC(ZSTD(1)),
    http_method      LowCardinality(String) MATERIALIZED SpanAttributes['http.method'] CODEC(ZSTD(1)),
    http_route       LowCardinality(String) MATERIALIZED SpanAttributes['http.route'] CODEC(ZSTD(1)),
    http_target      String MATERIALIZED SpanAttributes['http.target'] CODEC(ZSTD(1)),
    http_status_code UInt16 MATERIALIZED toUInt16OrZero(SpanAttributes['http.status_code']) CODEC(ZSTD(1)), -- 0 for none
    span_keys        LowCardinality(String) MATERIALIZED arrayStringConcat(mapKeys(SpanAttributes), '\n') CODEC(ZSTD(1)),
    resource_keys    LowCardinality(String) MATERIALIZED arrayStringConcat(mapKeys(ResourceAttributes), '\n') CODEC(ZSTD(1)),
    INDEX by_trace_id       TraceId                       TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_user           user_id                       TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_status_code    http_status_code              TYPE set(20) GRANULARITY 1,
    INDEX by_status         StatusCode                    TYPE set(3) GRANULARITY 1,
    INDEX by_route          http_route                    TYPE set(50) GRANULARITY 1,
    INDEX by_target         http_target                   TYPE ngrambf_v1(5, 32768, 3, 0) GRANULARITY 1,
    INDEX by_duration       Duration                      TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
PRIMARY KEY (ServiceName, SpanName, toDateTime(Timestamp))
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)
SETTINGS index_granularity = 1024;
CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts (
    TraceId String CODEC(ZSTD(1)),
    Start   SimpleAggregateFunction(min, DateTime) CODEC(ZSTD(1)),
    End     SimpleAggregateFunction(max, DateTime) CODEC(ZSTD(1))
) ENGINE = MergeTree
PARTITION BY toStartOfWeek(Start)
ORDER BY TraceId;
CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS
SELECT TraceId, min(toDateTime(Timestamp)) AS Start, max(toDateTime(Timestamp)) AS End
FROM otel_traces GROUP BY TraceId;
