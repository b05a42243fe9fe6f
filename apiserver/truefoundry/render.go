package truefoundry

import (
	"math"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/span"
)

func traceSpanOf(s *span.Span, withFeedbacks bool) traceSpan {
	t := traceSpan{
		SpanID:           s.SpanID.String(),
		TraceID:          s.TraceID.String(),
		ServiceName:      s.ServiceName(),
		SpanName:         s.Name,
		SpanKind:         s.Kind.String(),
		ScopeName:        s.Scope.Name,
		ScopeVersion:     s.Scope.Version,
		Timestamp:        timestamp(s.StartTimeUnixNano),
		StatusCode:       s.Status.Code.String(),
		StatusMessage:    s.Status.Message,
		SpanAttributes:   s.Attributes,
		Events:           []spanEvent{},
		CreatedBySubject: subjectOf(s),
		Feedbacks:        [][]span.Value{},
	}
	if !s.ParentSpanID.IsZero() {
		t.ParentSpanID = s.ParentSpanID.String()
	}
	if s.EndTimeUnixNano != 0 {
		t.DurationNs = s.DurationNano()
	}
	for i := range s.Events {
		switch e := &s.Events[i]; {
		case e.Name != feedbackEvent:
			t.Events = append(t.Events, spanEvent{e.Name, timestamp(e.TimeUnixNano), e.Attributes})
		case withFeedbacks:
			t.Feedbacks = append(t.Feedbacks, feedbackOf(e))
		}
	}
	return t
}

// timestamp has the page's three digits of a second; what is finer is cut off.
func timestamp(unixNano uint64) string {
	return rest.Time(unixNano).Format("2006-01-02T15:04:05.000Z07:00")
}

// doubled turns every int into the double next to it, as in the vendor's
// store, and what JSON has no number for into null.
func doubled(kvs []span.KeyValue) []span.KeyValue {
	out := make([]span.KeyValue, len(kvs))
	for i, kv := range kvs {
		out[i] = span.KeyValue{Key: kv.Key, Value: double(kv.Value)}
	}
	return out
}

func double(v span.Value) span.Value {
	switch v.Type() {
	case span.TypeInt:
		return span.Double(float64(v.Int()))
	case span.TypeDouble:
		if f := v.Double(); math.IsNaN(f) || math.IsInf(f, 0) {
			return span.Value{}
		}
	case span.TypeArray:
		list := make([]span.Value, len(v.List()))
		for i, e := range v.List() {
			list[i] = double(e.Value)
		}
		return span.Array(list...)
	case span.TypeKVList:
		return span.KVList(doubled(v.List())...)
	}
	return v
}
