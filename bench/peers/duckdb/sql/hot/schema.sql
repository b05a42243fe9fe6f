-- Ids and times as numbers, an attribute that is asked for in a column of its
-- own type, the keys of a span as one text of which there are few.
CREATE TABLE IF NOT EXISTS store.main.spans (
    Start                               BIGINT, -- nanoseconds
    Duration                            BIGINT,
    TraceHi                             UBIGINT,
    TraceLo                             UBIGINT,
    Span                                UBIGINT,
    Parent                              UBIGINT, -- 0 for none
    TraceState                          VARCHAR,
    SpanName                            VARCHAR,
    Kind                                UTINYINT,
    Status                              UTINYINT, -- 2 is an error
    StatusMessage                       VARCHAR,
    ScopeName                           VARCHAR,
    ScopeVersion                        VARCHAR,
    SpanKeys                            VARCHAR,
    ResourceKeys                        VARCHAR,
    SpanAttributes                      MAP(VARCHAR, VARCHAR), -- the others
    ResourceAttributes                  MAP(VARCHAR, VARCHAR),
    "resource.service.name"             VARCHAR,
    "resource.service.namespace"        VARCHAR,
    "resource.service.version"          VARCHAR,
    "resource.deployment.environment"   VARCHAR,
    "resource.k8s.namespace.name"       VARCHAR,
    "resource.k8s.pod.name"             VARCHAR,
    "resource.host.name"                VARCHAR,
    "resource.telemetry.sdk.name"       VARCHAR,
    "resource.telemetry.sdk.language"   VARCHAR,
    "resource.telemetry.sdk.version"    VARCHAR,
    "span.user.id"                      VARCHAR,
    "span.http.method"                  VARCHAR,
    "span.http.route"                   VARCHAR,
    "span.http.target"                  VARCHAR,
    "span.http.url"                     VARCHAR,
    "span.net.peer.name"                VARCHAR,
    "span.db.system"                    VARCHAR,
    "span.db.statement"                 VARCHAR,
    "span.thread.name"                  VARCHAR,
    "span.http.status_code"             BIGINT,
    "span.http.response_content_length" BIGINT,
    "span.thread.id"                    BIGINT,
    "span.app.wait_ms"                  DOUBLE,
    "span.app.cached"                   BOOLEAN,
    "Events.Timestamp"                  TIMESTAMP_NS[],
    "Events.Name"                       VARCHAR[],
    "Events.Attributes"                 MAP(VARCHAR, VARCHAR)[],
    "Links.TraceId"                     VARCHAR[],
    "Links.SpanId"                      VARCHAR[],
    "Links.TraceState"                  VARCHAR[],
    "Links.Attributes"                  MAP(VARCHAR, VARCHAR)[]
);
CREATE TABLE IF NOT EXISTS store.main.traces (
    TraceHi UBIGINT,
    TraceLo UBIGINT,
    First   BIGINT,
    Last    BIGINT
);
