-- The columns of OpenTelemetry's ClickHouse exporter, in DuckDB's types.
CREATE TABLE IF NOT EXISTS store.main.otel_traces (
    Timestamp            TIMESTAMP_NS,
    TraceId              VARCHAR,
    SpanId               VARCHAR,
    ParentSpanId         VARCHAR,
    TraceState           VARCHAR,
    SpanName             VARCHAR,
    SpanKind             VARCHAR,
    ServiceName          VARCHAR,
    ResourceAttributes   MAP(VARCHAR, VARCHAR),
    ScopeName            VARCHAR,
    ScopeVersion         VARCHAR,
    SpanAttributes       MAP(VARCHAR, VARCHAR),
    Duration             UBIGINT,
    StatusCode           VARCHAR,
    StatusMessage        VARCHAR,
    "Events.Timestamp"   TIMESTAMP_NS[],
    "Events.Name"        VARCHAR[],
    "Events.Attributes"  MAP(VARCHAR, VARCHAR)[],
    "Links.TraceId"      VARCHAR[],
    "Links.SpanId"       VARCHAR[],
    "Links.TraceState"   VARCHAR[],
    "Links.Attributes"   MAP(VARCHAR, VARCHAR)[]
);
-- When a trace is to be found, as the exporter's otel_traces_trace_id_ts.
CREATE TABLE IF NOT EXISTS store.main.otel_traces_trace_id_ts (
    TraceId VARCHAR,
    Start   TIMESTAMP_NS,
    "End"   TIMESTAMP_NS
);
