package otlp

import (
	"math"
	"math/rand/v2"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/spanstead/spanstead/engine/span"
)

// The generated types of OTLP are the judge: here they become spans in the
// plain way, and random requests are made of them.

func spansOfGoogle(req *collector.ExportTraceServiceRequest) []*span.Span {
	var spans []*span.Span
	for _, rs := range req.ResourceSpans {
		res := &span.Resource{
			Attributes:             attributesOfGoogle(rs.GetResource().GetAttributes()),
			DroppedAttributesCount: rs.GetResource().GetDroppedAttributesCount(),
			SchemaURL:              rs.SchemaUrl,
		}
		for _, e := range rs.GetResource().GetEntityRefs() {
			res.EntityRefs = append(res.EntityRefs, span.EntityRef{
				SchemaURL: e.SchemaUrl, Type: e.Type, IDKeys: e.IdKeys, DescriptionKeys: e.DescriptionKeys,
			})
		}
		for _, ss := range rs.ScopeSpans {
			scope := &span.Scope{
				Name: ss.GetScope().GetName(), Version: ss.GetScope().GetVersion(),
				Attributes:             attributesOfGoogle(ss.GetScope().GetAttributes()),
				DroppedAttributesCount: ss.GetScope().GetDroppedAttributesCount(),
				SchemaURL:              ss.SchemaUrl,
			}
			for _, g := range ss.Spans {
				s := spanOfGoogle(g)
				s.Resource, s.Scope = res, scope
				spans = append(spans, s)
			}
		}
	}
	return spans
}

func spanOfGoogle(g *trace.Span) *span.Span {
	s := &span.Span{
		TraceState: g.TraceState, Flags: g.Flags, Name: g.Name, Kind: span.Kind(g.Kind),
		StartTimeUnixNano: g.StartTimeUnixNano, EndTimeUnixNano: g.EndTimeUnixNano,
		Attributes: attributesOfGoogle(g.Attributes), DroppedAttributesCount: g.DroppedAttributesCount,
		DroppedEventsCount: g.DroppedEventsCount, DroppedLinksCount: g.DroppedLinksCount,
		Status: span.Status{Message: g.GetStatus().GetMessage(), Code: span.StatusCode(g.GetStatus().GetCode())},
	}
	copy(s.TraceID[:], g.TraceId)
	copy(s.SpanID[:], g.SpanId)
	copy(s.ParentSpanID[:], g.ParentSpanId)
	for _, e := range g.Events {
		s.Events = append(s.Events, span.Event{
			TimeUnixNano: e.TimeUnixNano, Name: e.Name,
			Attributes: attributesOfGoogle(e.Attributes), DroppedAttributesCount: e.DroppedAttributesCount,
		})
	}
	for _, l := range g.Links {
		link := span.Link{
			TraceState: l.TraceState, Flags: l.Flags,
			Attributes: attributesOfGoogle(l.Attributes), DroppedAttributesCount: l.DroppedAttributesCount,
		}
		copy(link.TraceID[:], l.TraceId)
		copy(link.SpanID[:], l.SpanId)
		s.Links = append(s.Links, link)
	}
	return s
}

func attributesOfGoogle(kvs []*common.KeyValue) []span.KeyValue {
	var list []span.KeyValue
	for _, kv := range kvs {
		list = append(list, span.KeyValue{Key: kv.Key, Value: valueOfGoogle(kv.Value)})
	}
	return list
}

func valueOfGoogle(v *common.AnyValue) span.Value {
	switch x := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return span.String(x.StringValue)
	case *common.AnyValue_BoolValue:
		return span.Bool(x.BoolValue)
	case *common.AnyValue_IntValue:
		return span.Int(x.IntValue)
	case *common.AnyValue_DoubleValue:
		return span.Double(x.DoubleValue)
	case *common.AnyValue_BytesValue:
		return span.Bytes(x.BytesValue)
	case *common.AnyValue_ArrayValue:
		var list []span.Value
		for _, e := range x.ArrayValue.GetValues() {
			list = append(list, valueOfGoogle(e))
		}
		return span.Array(list...)
	case *common.AnyValue_KvlistValue:
		return span.KVList(attributesOfGoogle(x.KvlistValue.GetValues())...)
	}
	return span.Value{}
}

// maker makes random requests that no span of is to be rejected.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 1))} }

// request makes one whose resources and scopes all differ, so that writing its
// spans gives the same grouping.
func (m maker) request() *collector.ExportTraceServiceRequest {
	req := &collector.ExportTraceServiceRequest{}
	for i := range 1 + m.IntN(3) {
		rs := &trace.ResourceSpans{SchemaUrl: m.text(), Resource: &resource.Resource{
			Attributes:             append(m.attributes(), integer("resource", i)),
			DroppedAttributesCount: m.count(),
		}}
		for range m.IntN(2) {
			rs.Resource.EntityRefs = append(rs.Resource.EntityRefs, &common.EntityRef{
				SchemaUrl: m.text(), Type: m.text(), IdKeys: []string{"a", m.text()}, DescriptionKeys: []string{m.text()},
			})
		}
		for j := range 1 + m.IntN(3) {
			ss := &trace.ScopeSpans{SchemaUrl: m.text(), Scope: &common.InstrumentationScope{
				Name: m.text(), Version: m.text(),
				Attributes:             append(m.attributes(), integer("scope", j)),
				DroppedAttributesCount: m.count(),
			}}
			for range 1 + m.IntN(4) {
				ss.Spans = append(ss.Spans, m.span())
			}
			rs.ScopeSpans = append(rs.ScopeSpans, ss)
		}
		req.ResourceSpans = append(req.ResourceSpans, rs)
	}
	return req
}

func integer(key string, i int) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: int64(i)}}}
}

func (m maker) span() *trace.Span {
	s := &trace.Span{
		TraceId: m.id(16), SpanId: m.id(8), TraceState: m.text(), Flags: m.count(), Name: m.text(),
		Kind:              trace.Span_SpanKind(m.IntN(9) - 2),
		StartTimeUnixNano: m.Uint64(), EndTimeUnixNano: m.Uint64() >> m.IntN(64),
		Attributes: m.attributes(), DroppedAttributesCount: m.count(),
		DroppedEventsCount: m.count(), DroppedLinksCount: m.count(),
	}
	if m.IntN(2) == 0 {
		s.ParentSpanId = m.id(8)
	}
	if m.IntN(2) == 0 {
		s.Status = &trace.Status{Message: "m" + m.text(), Code: trace.Status_StatusCode(m.IntN(5) - 1)}
	}
	for range m.IntN(3) {
		s.Events = append(s.Events, &trace.Span_Event{
			TimeUnixNano: m.Uint64(), Name: m.text(), Attributes: m.attributes(), DroppedAttributesCount: m.count(),
		})
	}
	for range m.IntN(3) {
		s.Links = append(s.Links, &trace.Span_Link{
			TraceId: m.id(16), SpanId: m.id(8), TraceState: m.text(),
			Attributes: m.attributes(), DroppedAttributesCount: m.count(), Flags: m.count(),
		})
	}
	return s
}

func (m maker) id(n int) []byte {
	id := make([]byte, n)
	for i := range id {
		id[i] = byte(m.Uint32())
	}
	id[0] |= 1
	return id
}

func (m maker) count() uint32 { return m.Uint32() >> m.IntN(33) }

var texts = []string{"", "a", "GET /", "naïve ☃", "line\nbreak\t\"quoted\" \\ \u0001", "\U0001F600",
	"a text that is longer than the one hundred and twenty-seven bytes that fit under a length of one byte in protobuf's encoding of numbers"}

func (m maker) text() string { return texts[m.IntN(len(texts))] }

func (m maker) attributes() []*common.KeyValue {
	var kvs []*common.KeyValue
	for range m.IntN(5) {
		kvs = append(kvs, &common.KeyValue{Key: m.text(), Value: m.value(4)})
	}
	return kvs
}

func (m maker) value(depth int) *common.AnyValue {
	n := 8
	if depth == 0 {
		n = 6
	}
	switch m.IntN(n) {
	case 0:
		return &common.AnyValue{}
	case 1:
		return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: m.text()}}
	case 2:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: m.IntN(2) == 0}}
	case 3:
		return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: int64(m.Uint64()) >> m.IntN(64)}}
	case 4:
		special := []float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), 1e300, 1e-300, m.NormFloat64()}
		return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: special[m.IntN(len(special))]}}
	case 5:
		return &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: m.id(1 + m.IntN(200))}}
	case 6:
		list := &common.ArrayValue{}
		for range m.IntN(4) {
			list.Values = append(list.Values, m.value(depth-1))
		}
		return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: list}}
	}
	list := &common.KeyValueList{}
	for range m.IntN(4) {
		list.Values = append(list.Values, &common.KeyValue{Key: m.text(), Value: m.value(depth - 1)})
	}
	return &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: list}}
}
