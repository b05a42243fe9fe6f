package query

import "github.com/spanstead/spanstead/engine/span"

// Scope says where a field of a span is looked for.
type Scope uint8

// The scopes. ScopeAny is the first of span, resource, instrumentation scope
// and event attributes that has the key at all.
const (
	ScopeIntrinsic Scope = iota
	ScopeSpan
	ScopeResource
	ScopeInstrumentation
	ScopeEvent
	ScopeLink
	ScopeAny
)

var scopeNames = [...]string{"intrinsic", "span", "resource", "scope", "event", "link", "any"}

// String is the scope's name: span, resource, scope, event, link, intrinsic or any.
func (s Scope) String() string {
	if int(s) >= len(scopeNames) {
		return "invalid"
	}
	return scopeNames[s]
}

// anyScopes is the order in which ScopeAny looks.
var anyScopes = [...]Scope{ScopeSpan, ScopeResource, ScopeInstrumentation, ScopeEvent}

// Field names one thing that a span has: an attribute by scope and key, or an
// intrinsic field.
type Field struct {
	Scope Scope
	Key   string
}

// Attr is the field of an attribute.
func Attr(scope Scope, key string) Field { return Field{scope, key} }

// The intrinsic fields. Ids are lower-case hex strings; a zero parent span id
// is missing. Kind and StatusCode are ints, numbered as in OTLP; times and the
// duration are ints in nanoseconds. Names, messages and schema URLs are
// strings that every span has, though they may be empty. The event and link
// fields have one value for each event or link.
var (
	TraceID                = Field{ScopeIntrinsic, "trace_id"}
	SpanID                 = Field{ScopeIntrinsic, "span_id"}
	ParentSpanID           = Field{ScopeIntrinsic, "parent_span_id"}
	TraceState             = Field{ScopeIntrinsic, "trace_state"}
	Flags                  = Field{ScopeIntrinsic, "flags"}
	Name                   = Field{ScopeIntrinsic, "name"}
	Kind                   = Field{ScopeIntrinsic, "kind"}
	StartTimeUnixNano      = Field{ScopeIntrinsic, "start_time_unix_nano"}
	EndTimeUnixNano        = Field{ScopeIntrinsic, "end_time_unix_nano"}
	DurationNano           = Field{ScopeIntrinsic, "duration_nano"}
	StatusCode             = Field{ScopeIntrinsic, "status_code"}
	StatusMessage          = Field{ScopeIntrinsic, "status_message"}
	DroppedAttributesCount = Field{ScopeIntrinsic, "dropped_attributes_count"}
	DroppedEventsCount     = Field{ScopeIntrinsic, "dropped_events_count"}
	DroppedLinksCount      = Field{ScopeIntrinsic, "dropped_links_count"}
	ScopeName              = Field{ScopeIntrinsic, "scope_name"}
	ScopeVersion           = Field{ScopeIntrinsic, "scope_version"}
	ScopeSchemaURL         = Field{ScopeIntrinsic, "scope_schema_url"}
	ResourceSchemaURL      = Field{ScopeIntrinsic, "resource_schema_url"}
	EventName              = Field{ScopeIntrinsic, "event_name"}
	LinkTraceID            = Field{ScopeIntrinsic, "link_trace_id"}
	LinkSpanID             = Field{ScopeIntrinsic, "link_span_id"}
)

// ServiceName is the resource attribute that every vendor asks for.
var ServiceName = Field{ScopeResource, "service.name"}

// Intrinsics lists every intrinsic field.
var Intrinsics = []Field{
	TraceID, SpanID, ParentSpanID, TraceState, Flags, Name, Kind, StartTimeUnixNano, EndTimeUnixNano,
	DurationNano, StatusCode, StatusMessage, DroppedAttributesCount, DroppedEventsCount,
	DroppedLinksCount, ScopeName, ScopeVersion, ScopeSchemaURL, ResourceSchemaURL, EventName,
	LinkTraceID, LinkSpanID,
}

// AppendValues appends every value that the span has for the field: none when
// it is missing, several for a field of events or links, or for an attribute
// key that the span repeats.
func AppendValues(dst []span.Value, s *span.Span, f Field) []span.Value {
	switch f.Scope {
	case ScopeIntrinsic:
		return appendIntrinsic(dst, s, f)
	case ScopeAny:
		for _, scope := range anyScopes {
			n := len(dst)
			if dst = AppendValues(dst, s, Field{scope, f.Key}); len(dst) > n {
				break
			}
		}
		return dst
	case ScopeEvent:
		for i := range s.Events {
			dst = appendAttr(dst, s.Events[i].Attributes, f.Key)
		}
		return dst
	case ScopeLink:
		for i := range s.Links {
			dst = appendAttr(dst, s.Links[i].Attributes, f.Key)
		}
		return dst
	}
	return appendAttr(dst, attributesOf(s, f.Scope), f.Key)
}

func attributesOf(s *span.Span, scope Scope) []span.KeyValue {
	switch {
	case scope == ScopeSpan:
		return s.Attributes
	case scope == ScopeResource && s.Resource != nil:
		return s.Resource.Attributes
	case scope == ScopeInstrumentation && s.Scope != nil:
		return s.Scope.Attributes
	}
	return nil
}

func appendAttr(dst []span.Value, kvs []span.KeyValue, key string) []span.Value {
	for i := range kvs {
		if kvs[i].Key == key {
			dst = append(dst, kvs[i].Value)
		}
	}
	return dst
}

func appendIntrinsic(dst []span.Value, s *span.Span, f Field) []span.Value {
	switch f {
	case EventName:
		for i := range s.Events {
			dst = append(dst, span.String(s.Events[i].Name))
		}
		return dst
	case LinkTraceID:
		for i := range s.Links {
			dst = append(dst, span.String(s.Links[i].TraceID.String()))
		}
		return dst
	case LinkSpanID:
		for i := range s.Links {
			dst = append(dst, span.String(s.Links[i].SpanID.String()))
		}
		return dst
	}
	if v, ok := intrinsic(s, f); ok {
		dst = append(dst, v)
	}
	return dst
}

func intrinsic(s *span.Span, f Field) (v span.Value, ok bool) {
	switch f {
	case TraceID:
		return span.String(s.TraceID.String()), true
	case SpanID:
		return span.String(s.SpanID.String()), true
	case ParentSpanID:
		return span.String(s.ParentSpanID.String()), !s.ParentSpanID.IsZero()
	case TraceState:
		return span.String(s.TraceState), true
	case Flags:
		return span.Int(int64(s.Flags)), true
	case Name:
		return span.String(s.Name), true
	case Kind:
		return span.Int(int64(s.Kind)), true
	case StartTimeUnixNano:
		return span.Int(int64(s.StartTimeUnixNano)), true
	case EndTimeUnixNano:
		return span.Int(int64(s.EndTimeUnixNano)), true
	case DurationNano:
		return span.Int(s.DurationNano()), true
	case StatusCode:
		return span.Int(int64(s.Status.Code)), true
	case StatusMessage:
		return span.String(s.Status.Message), true
	case DroppedAttributesCount:
		return span.Int(int64(s.DroppedAttributesCount)), true
	case DroppedEventsCount:
		return span.Int(int64(s.DroppedEventsCount)), true
	case DroppedLinksCount:
		return span.Int(int64(s.DroppedLinksCount)), true
	}
	return intrinsicOfSource(s, f)
}

func intrinsicOfSource(s *span.Span, f Field) (v span.Value, ok bool) {
	res, scope := s.Resource, s.Scope
	if res == nil {
		res = &span.Resource{}
	}
	if scope == nil {
		scope = &span.Scope{}
	}
	switch f {
	case ResourceSchemaURL:
		return span.String(res.SchemaURL), true
	case ScopeSchemaURL:
		return span.String(scope.SchemaURL), true
	case ScopeName:
		return span.String(scope.Name), true
	case ScopeVersion:
		return span.String(scope.Version), true
	}
	return span.Value{}, false
}

// AnyScopes is the order in which ScopeAny looks for a key.
func AnyScopes() []Scope { return anyScopes[:] }
