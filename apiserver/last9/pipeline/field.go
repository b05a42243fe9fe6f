package pipeline

import (
	"math"
	"strings"
	"time"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// form is how the vendor shows a field that the store keeps in another way.
type form uint8

const (
	asText      form = iota // its text
	asKind                  // SPAN_KIND_…
	asStatus                // STATUS_CODE_…
	asTimestamp             // RFC 3339 with nanoseconds
	asDuration              // a number of nanoseconds
	asCell                  // a column of a table: as it is
)

// Field is a field of a span as the vendor names it.
type Field struct {
	Name  string // as it was written
	Query query.Field
	form  form
}

// The columns of a span, named as the vendor's answers name them.
var columns = map[string]Field{
	"TraceId":       {"TraceId", query.TraceID, asText},
	"SpanId":        {"SpanId", query.SpanID, asText},
	"ParentSpanId":  {"ParentSpanId", query.ParentSpanID, asText},
	"TraceState":    {"TraceState", query.TraceState, asText},
	"ServiceName":   {"ServiceName", query.ServiceName, asText},
	"SpanName":      {"SpanName", query.Name, asText},
	"SpanKind":      {"SpanKind", query.Kind, asKind},
	"ScopeName":     {"ScopeName", query.ScopeName, asText},
	"ScopeVersion":  {"ScopeVersion", query.ScopeVersion, asText},
	"StatusCode":    {"StatusCode", query.StatusCode, asStatus},
	"StatusMessage": {"StatusMessage", query.StatusMessage, asText},
	"Duration":      {"Duration", query.DurationNano, asDuration},
	"Timestamp":     {"Timestamp", query.StartTimeUnixNano, asTimestamp},
	"EventsName":    {"EventsName", query.EventName, asText},
	"LinksTraceId":  {"LinksTraceId", query.LinkTraceID, asText},
	"LinksSpanId":   {"LinksSpanId", query.LinkSpanID, asText},
}

// brackets are the spellings of a map's entry.
var brackets = []struct {
	open  string
	scope query.Scope
}{
	{"attributes[", query.ScopeSpan},
	{"SpanAttributes[", query.ScopeSpan},
	{"resources[", query.ScopeResource},
	{"ResourceAttributes[", query.ScopeResource},
	{"events[", query.ScopeEvent},
}

// ParseField reads a field's name: a column of a span, attributes['key'] and
// its like, resource.key, span.key, or a bare key that is looked up in the
// span's attributes, the resource's, the scope's and the events', in this order.
func ParseField(name string) (Field, error) {
	if name == "" {
		return Field{}, faultf("a field name is empty")
	}
	if f, ok := columns[name]; ok {
		return f, nil
	}
	for _, b := range brackets {
		if rest, ok := strings.CutPrefix(name, b.open); ok {
			key, err := bracketKey(rest)
			if err != nil {
				return Field{}, err
			}
			return Field{name, query.Attr(b.scope, key), asText}, nil
		}
	}
	if key, ok := strings.CutPrefix(name, "resource."); ok && key != "" {
		return Field{name, query.Attr(query.ScopeResource, key), asText}, nil
	}
	if key, ok := strings.CutPrefix(name, "span."); ok && key != "" {
		return Field{name, query.Attr(query.ScopeSpan, key), asText}, nil
	}
	return Field{name, query.Attr(query.ScopeAny, name), asText}, nil
}

// bracketKey is the key of 'key'].
func bracketKey(s string) (string, error) {
	if !strings.HasPrefix(s, "'") || !strings.HasSuffix(s, "']") || len(s) < 4 {
		return "", faultf("a key in brackets is written as ['key'], with single quotes")
	}
	return s[1 : len(s)-2], nil
}

// cell is a column of a table that an earlier stage made.
func cell(name string) (Field, error) {
	if name == "" {
		return Field{}, faultf("a field name is empty")
	}
	return Field{name, query.Attr(query.ScopeSpan, name), asCell}, nil
}

// Show is a value of the field as the vendor shows it.
func (f Field) Show(v span.Value) span.Value {
	switch f.form {
	case asKind:
		return span.String(KindName(span.Kind(v.Int())))
	case asStatus:
		return span.String(StatusName(span.StatusCode(v.Int())))
	case asTimestamp:
		return span.String(FormatTime(uint64(v.Int())))
	case asDuration, asCell:
		return v
	}
	return span.String(v.Text())
}

// Of is the field of a span as the vendor shows it: its first value, "" when
// the span has none.
func (f Field) Of(s *span.Span) span.Value {
	v, ok := f.first(s)
	if !ok {
		return span.String("")
	}
	return f.Show(v)
}

// number is the field as a number: what it holds, a duration in nanoseconds
// and a timestamp in Unix nanoseconds.
func (f Field) number(s *span.Span) (v span.Value, n float64, ok bool) {
	if v, ok = f.first(s); !ok || f.form == asKind || f.form == asStatus {
		return v, 0, false
	}
	n, ok = v.Number()
	return v, n, ok && !math.IsNaN(n) && !math.IsInf(n, 0)
}

func (f Field) first(s *span.Span) (span.Value, bool) {
	if f.Query.Scope == query.ScopeSpan {
		return span.Lookup(s.Attributes, f.Query.Key)
	}
	if f.form == asDuration {
		return span.Int(Duration(s)), true
	}
	values := query.AppendValues(nil, s, f.Query)
	if len(values) == 0 {
		return span.Value{}, false
	}
	return values[0], true
}

// Duration is how long a span took in nanoseconds, 0 for one that never ended.
func Duration(s *span.Span) int64 {
	if s.EndTimeUnixNano == 0 {
		return 0
	}
	return s.DurationNano()
}

// KindName is a kind in the vendor's words; an unknown number is unspecified.
func KindName(k span.Kind) string { return "SPAN_KIND_" + k.String() }

// StatusName is a status code in the vendor's words; an unknown number is unset.
func StatusName(c span.StatusCode) string { return "STATUS_CODE_" + c.String() }

// FormatTime is a time in Unix nanoseconds as the vendor writes it.
func FormatTime(unixNano uint64) string {
	return time.Unix(int64(unixNano/1e9), int64(unixNano%1e9)).UTC().Format(time.RFC3339Nano)
}
