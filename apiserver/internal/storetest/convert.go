package storetest

import (
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/spanstead/spanstead/engine/span"
)

func spansOf(req *collector.ExportTraceServiceRequest) (spans []*span.Span, rejected int) {
	for _, rs := range req.ResourceSpans {
		res := &span.Resource{
			Attributes:             attributesOf(rs.GetResource().GetAttributes()),
			DroppedAttributesCount: rs.GetResource().GetDroppedAttributesCount(),
			SchemaURL:              rs.SchemaUrl,
		}
		for _, ss := range rs.ScopeSpans {
			scope := &span.Scope{
				Name: ss.GetScope().GetName(), Version: ss.GetScope().GetVersion(),
				Attributes:             attributesOf(ss.GetScope().GetAttributes()),
				DroppedAttributesCount: ss.GetScope().GetDroppedAttributesCount(),
				SchemaURL:              ss.SchemaUrl,
			}
			for _, p := range ss.Spans {
				if len(p.TraceId) != 16 || len(p.SpanId) != 8 {
					rejected++
					continue
				}
				s := spanOf(p)
				s.Resource, s.Scope = res, scope
				spans = append(spans, s)
			}
		}
	}
	return spans, rejected
}

func spanOf(p *trace.Span) *span.Span {
	s := &span.Span{
		TraceID: span.TraceID(p.TraceId), SpanID: span.SpanID(p.SpanId),
		TraceState: p.TraceState, Flags: p.Flags, Name: p.Name, Kind: span.Kind(p.Kind),
		StartTimeUnixNano: p.StartTimeUnixNano, EndTimeUnixNano: p.EndTimeUnixNano,
		Attributes: attributesOf(p.Attributes), DroppedAttributesCount: p.DroppedAttributesCount,
		DroppedEventsCount: p.DroppedEventsCount, DroppedLinksCount: p.DroppedLinksCount,
		Status: span.Status{Message: p.GetStatus().GetMessage(), Code: span.StatusCode(p.GetStatus().GetCode())},
	}
	copy(s.ParentSpanID[:], p.ParentSpanId)
	for _, e := range p.Events {
		s.Events = append(s.Events, span.Event{TimeUnixNano: e.TimeUnixNano, Name: e.Name,
			Attributes: attributesOf(e.Attributes), DroppedAttributesCount: e.DroppedAttributesCount})
	}
	for _, l := range p.Links {
		link := span.Link{TraceState: l.TraceState, Attributes: attributesOf(l.Attributes),
			DroppedAttributesCount: l.DroppedAttributesCount, Flags: l.Flags}
		copy(link.TraceID[:], l.TraceId)
		copy(link.SpanID[:], l.SpanId)
		s.Links = append(s.Links, link)
	}
	return s
}

func attributesOf(kvs []*common.KeyValue) []span.KeyValue {
	var out []span.KeyValue
	for _, kv := range kvs {
		out = append(out, span.KeyValue{Key: kv.Key, Value: valueOf(kv.Value)})
	}
	return out
}

func valueOf(v *common.AnyValue) span.Value {
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
		var vs []span.Value
		for _, e := range x.ArrayValue.GetValues() {
			vs = append(vs, valueOf(e))
		}
		return span.Array(vs...)
	case *common.AnyValue_KvlistValue:
		return span.KVList(attributesOf(x.KvlistValue.GetValues())...)
	}
	return span.Value{}
}
