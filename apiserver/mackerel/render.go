package mackerel

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/span"
)

func bodyOf(s *span.Span) spanBody {
	b := spanBody{
		TraceID:                s.TraceID.String(),
		SpanID:                 s.SpanID.String(),
		TraceState:             s.TraceState,
		Name:                   s.Name,
		Kind:                   strings.ToLower(s.Kind.String()),
		StartTime:              timestamp(s.StartTimeUnixNano),
		EndTime:                timestamp(s.EndTimeUnixNano),
		Attributes:             attributes(s.Attributes),
		DroppedAttributesCount: s.DroppedAttributesCount,
		Events:                 make([]eventBody, len(s.Events)),
		DroppedEventsCount:     s.DroppedEventsCount,
		Links:                  make([]linkBody, len(s.Links)),
		DroppedLinksCount:      s.DroppedLinksCount,
		Status:                 statusBody{s.Status.Message, strings.ToLower(s.Status.Code.String())},
		Resource:               resourceBody{attributes(s.Resource.Attributes), s.Resource.DroppedAttributesCount},
		Scope: scopeBody{s.Scope.Name, s.Scope.Version,
			attributes(s.Scope.Attributes), s.Scope.DroppedAttributesCount},
	}
	if !s.ParentSpanID.IsZero() {
		b.ParentSpanID = s.ParentSpanID.String()
	}
	for i, e := range s.Events {
		b.Events[i] = eventBody{timestamp(e.TimeUnixNano), e.Name, attributes(e.Attributes), e.DroppedAttributesCount}
	}
	for i, l := range s.Links {
		b.Links[i] = linkBody{l.TraceID.String(), l.SpanID.String(), l.TraceState,
			attributes(l.Attributes), l.DroppedAttributesCount}
	}
	return b
}

// timestamp has the page's three digits of a second; what is finer is cut off.
func timestamp(unixNano uint64) string {
	return rest.Time(unixNano).Format("2006-01-02T15:04:05.000Z07:00")
}

func attributes(kvs []span.KeyValue) []attribute {
	list := make([]attribute, len(kvs))
	for i, kv := range kvs {
		list[i] = attribute{kv.Key, valueOf(kv.Value)}
	}
	return list
}

func valueOf(v span.Value) anyValue {
	out := anyValue{ValueType: v.Type().String()}
	switch v.Type() {
	case span.TypeString:
		out.StringValue = new(v.Str())
	case span.TypeBool:
		out.BoolValue = new(v.Bool())
	case span.TypeInt:
		out.IntValue = new(v.Int())
	case span.TypeDouble:
		out.DoubleValue = new(double(v.Double()))
	case span.TypeBytes:
		out.BytesValue = new(v.Text())
	case span.TypeArray:
		list := make([]anyValue, len(v.List()))
		for i, e := range v.List() {
			list[i] = valueOf(e.Value)
		}
		out.ArrayValue = &list
	case span.TypeKVList:
		object := make(map[string]anyValue, len(v.List()))
		for _, e := range v.List() {
			object[e.Key] = valueOf(e.Value)
		}
		out.KvlistValue = &object
	}
	return out
}

// double is a number that JSON may have no way to write.
type double float64

// MarshalJSON writes null for infinities and for what is not a number.
func (d double) MarshalJSON() ([]byte, error) {
	if f := float64(d); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return json.Marshal(f)
	}
	return []byte("null"), nil
}
