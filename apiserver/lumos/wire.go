package lumos

import "github.com/spanstead/spanstead/apiserver/internal/rest"

type queryRequest struct {
	StartTime   *string       `json:"start_time"`
	EndTime     *string       `json:"end_time"`
	ServiceName *string       `json:"service_name"`
	SpanName    *string       `json:"span_name"`
	Limit       *rest.Integer `json:"limit"`
}

// trace is the schema Trace, which describes one span.
type trace struct {
	Timestamp          string            `json:"timestamp"`
	TraceID            string            `json:"trace_id"`
	SpanID             string            `json:"span_id"`
	ParentSpanID       string            `json:"parent_span_id"`
	TraceState         string            `json:"trace_state"`
	SpanName           string            `json:"span_name"`
	SpanKind           string            `json:"span_kind"`
	ServiceName        string            `json:"service_name"`
	ResourceAttributes map[string]string `json:"resource_attributes"`
	ScopeName          string            `json:"scope_name"`
	ScopeVersion       string            `json:"scope_version"`
	SpanAttributes     map[string]string `json:"span_attributes"`
	Duration           int64             `json:"duration"`
	StatusCode         string            `json:"status_code"`
	StatusMessage      string            `json:"status_message"`
	Events             []traceEvent      `json:"events"`
	Links              []traceLink       `json:"links"`
}

type traceEvent struct {
	Timestamp  string            `json:"timestamp"`
	Name       string            `json:"name"`
	Attributes map[string]string `json:"attributes"`
}

type traceLink struct {
	TraceID    string            `json:"trace_id"`
	SpanID     string            `json:"span_id"`
	TraceState string            `json:"trace_state"`
	Attributes map[string]string `json:"attributes"`
}

type apiError struct {
	Code        int    `json:"code"`
	Field       string `json:"field,omitempty"`
	Description string `json:"description"`
}
