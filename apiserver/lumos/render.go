package lumos

import (
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/span"
)

func traceOf(s *span.Span) trace {
	t := trace{
		Timestamp:          timestamp(s.StartTimeUnixNano),
		TraceID:            s.TraceID.String(),
		SpanID:             s.SpanID.String(),
		TraceState:         s.TraceState,
		SpanName:           s.Name,
		SpanKind:           kindNames[s.Kind.String()],
		ServiceName:        s.ServiceName(),
		ResourceAttributes: textMap(s.Resource.Attributes),
		ScopeName:          s.Scope.Name,
		ScopeVersion:       s.Scope.Version,
		SpanAttributes:     textMap(s.Attributes),
		StatusCode:         statusNames[s.Status.Code.String()],
		StatusMessage:      s.Status.Message,
		Events:             make([]traceEvent, len(s.Events)),
		Links:              make([]traceLink, len(s.Links)),
	}
	if !s.ParentSpanID.IsZero() {
		t.ParentSpanID = s.ParentSpanID.String()
	}
	if s.EndTimeUnixNano != 0 {
		t.Duration = s.DurationNano()
	}
	for i, e := range s.Events {
		t.Events[i] = traceEvent{timestamp(e.TimeUnixNano), e.Name, textMap(e.Attributes)}
	}
	for i, l := range s.Links {
		t.Links[i] = traceLink{l.TraceID.String(), l.SpanID.String(), l.TraceState, textMap(l.Attributes)}
	}
	return t
}

var kindNames = map[string]string{
	"UNSPECIFIED": "Unspecified", "INTERNAL": "Internal", "SERVER": "Server",
	"CLIENT": "Client", "PRODUCER": "Producer", "CONSUMER": "Consumer",
}

var statusNames = map[string]string{"UNSET": "Unset", "OK": "Ok", "ERROR": "Error"}

// textMap turns attributes into the strings that the schema wants; of equal
// keys the last one counts.
func textMap(kvs []span.KeyValue) map[string]string {
	m := make(map[string]string, len(kvs))
	for _, kv := range kvs {
		m[kv.Key] = kv.Value.Text()
	}
	return m
}

func timestamp(unixNano uint64) string {
	return rest.Time(unixNano).Format(time.RFC3339Nano)
}
