// Package span is the OpenTelemetry data model of a trace: spans with their
// resource, scope, events and links, and typed attribute values.
//
// The types are plain data. A *Span that a query returns belongs to the caller,
// but its Resource and Scope may be shared with other spans of the same answer
// and are not to be changed. Nothing here locks; concurrent reading is safe.
//
// Names and meanings are those of opentelemetry-proto's trace.proto.
package span

// Span is one operation of a trace, as OTLP carries it.
type Span struct {
	TraceID      TraceID
	SpanID       SpanID
	ParentSpanID SpanID // zero for a root
	TraceState   string // W3C tracestate, as sent
	Flags        uint32 // W3C trace flags and OTLP's remote bits
	Name         string
	Kind         Kind

	// Unix nanoseconds. End may lie before start, or be zero when the span
	// never ended; both come back as they were sent.
	StartTimeUnixNano uint64
	EndTimeUnixNano   uint64

	Attributes             []KeyValue
	DroppedAttributesCount uint32
	Events                 []Event
	DroppedEventsCount     uint32
	Links                  []Link
	DroppedLinksCount      uint32
	Status                 Status

	Resource *Resource // never nil in an answer
	Scope    *Scope    // never nil in an answer
}

// DurationNano is end minus start in nanoseconds, negative when the span
// ended before it started.
func (s *Span) DurationNano() int64 {
	return int64(s.EndTimeUnixNano - s.StartTimeUnixNano)
}

// ServiceName is the resource's service.name, "" when it has none that is a string.
func (s *Span) ServiceName() string {
	if s.Resource == nil {
		return ""
	}
	if v, _ := Lookup(s.Resource.Attributes, "service.name"); v.Type() == TypeString {
		return v.Str()
	}
	return ""
}

// Status is the outcome of a span.
type Status struct {
	Message string
	Code    StatusCode
}

// Event is something that happened during a span.
type Event struct {
	TimeUnixNano           uint64
	Name                   string
	Attributes             []KeyValue
	DroppedAttributesCount uint32
}

// Link points to a span of this or another trace.
type Link struct {
	TraceID                TraceID
	SpanID                 SpanID
	TraceState             string
	Attributes             []KeyValue
	DroppedAttributesCount uint32
	Flags                  uint32
}

// Resource is what produced a span.
type Resource struct {
	Attributes             []KeyValue
	DroppedAttributesCount uint32
	SchemaURL              string // of the ResourceSpans that carried it
	EntityRefs             []EntityRef
}

// EntityRef says which of a resource's attributes identify and describe an entity.
type EntityRef struct {
	SchemaURL       string
	Type            string
	IDKeys          []string
	DescriptionKeys []string
}

// Scope is the instrumentation scope of a span.
type Scope struct {
	Name                   string
	Version                string
	Attributes             []KeyValue
	DroppedAttributesCount uint32
	SchemaURL              string // of the ScopeSpans that carried it
}

// Kind is a span's kind, numbered as in OTLP.
type Kind int32

// The kinds of OTLP.
const (
	KindUnspecified Kind = iota
	KindInternal
	KindServer
	KindClient
	KindProducer
	KindConsumer
)

var kindNames = [...]string{"UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"}

// String is the kind without OTLP's prefix, "SERVER" for SPAN_KIND_SERVER.
// A number that OTLP does not know is UNSPECIFIED.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return kindNames[0]
	}
	return kindNames[k]
}

// StatusCode is a span's status, numbered as in OTLP.
type StatusCode int32

// The status codes of OTLP.
const (
	StatusUnset StatusCode = iota
	StatusOK
	StatusError
)

var statusNames = [...]string{"UNSET", "OK", "ERROR"}

// String is the code without OTLP's prefix, "ERROR" for STATUS_CODE_ERROR.
// A number that OTLP does not know is UNSET.
func (c StatusCode) String() string {
	if c < 0 || int(c) >= len(statusNames) {
		return statusNames[0]
	}
	return statusNames[c]
}
