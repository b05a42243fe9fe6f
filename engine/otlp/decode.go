package otlp

import "github.com/spanstead/spanstead/engine/span"

// DecodeSpans reads a protobuf ExportTraceServiceRequest into spans that share
// no memory with b. Spans of one ResourceSpans share their Resource, those of
// one ScopeSpans their Scope. What is rejected and what is an error is told at
// Walk; with an error there are no spans.
func DecodeSpans(b []byte) ([]*span.Span, Result, error) {
	var d decoder
	r, err := Walk(b, &d)
	if err != nil {
		return nil, r, err
	}
	return d.spans, r, nil
}

type decoder struct {
	spans    []*span.Span
	resource *span.Resource
	scope    *span.Scope
}

func (d *decoder) Resource(r *ResourceView) { d.resource = r.Resource() }
func (d *decoder) Scope(s *ScopeView)       { d.scope = s.Scope() }

func (d *decoder) Span(v *SpanView) {
	s := v.Span()
	s.Resource, s.Scope = d.resource, d.scope
	d.spans = append(d.spans, s)
}

// Resource copies the view out of the request.
func (r *ResourceView) Resource() *span.Resource {
	res := &span.Resource{
		Attributes:             keyValues(r.Attributes),
		DroppedAttributesCount: r.DroppedAttributesCount,
		SchemaURL:              string(r.SchemaURL),
	}
	for _, raw := range r.EntityRefs {
		e, _ := readEntity(raw, &check{}) // Walk has read the same bytes before
		res.EntityRefs = append(res.EntityRefs, e)
	}
	return res
}

// Scope copies the view out of the request.
func (s *ScopeView) Scope() *span.Scope {
	return &span.Scope{
		Name:                   string(s.Name),
		Version:                string(s.Version),
		Attributes:             keyValues(s.Attributes),
		DroppedAttributesCount: s.DroppedAttributesCount,
		SchemaURL:              string(s.SchemaURL),
	}
}

// Span copies the view out of the request. Resource and Scope are left nil.
func (s *SpanView) Span() *span.Span {
	sp := &span.Span{
		TraceID:                s.TraceID,
		SpanID:                 s.SpanID,
		ParentSpanID:           s.ParentSpanID,
		TraceState:             string(s.TraceState),
		Flags:                  s.Flags,
		Name:                   string(s.Name),
		Kind:                   s.Kind,
		StartTimeUnixNano:      s.StartTimeUnixNano,
		EndTimeUnixNano:        s.EndTimeUnixNano,
		Attributes:             keyValues(s.Attributes),
		DroppedAttributesCount: s.DroppedAttributesCount,
		DroppedEventsCount:     s.DroppedEventsCount,
		DroppedLinksCount:      s.DroppedLinksCount,
		Status:                 span.Status{Message: string(s.StatusMessage), Code: s.StatusCode},
	}
	for _, raw := range s.Events {
		var e EventView
		e.Read(raw)
		sp.Events = append(sp.Events, e.Event())
	}
	for _, raw := range s.Links {
		var l LinkView
		l.Read(raw)
		sp.Links = append(sp.Links, l.Link())
	}
	return sp
}

// Event copies the view out of the request.
func (e *EventView) Event() span.Event {
	return span.Event{
		TimeUnixNano:           e.TimeUnixNano,
		Name:                   string(e.Name),
		Attributes:             keyValues(e.Attributes),
		DroppedAttributesCount: e.DroppedAttributesCount,
	}
}

// Link copies the view out of the request.
func (l *LinkView) Link() span.Link {
	return span.Link{
		TraceID:                l.TraceID,
		SpanID:                 l.SpanID,
		TraceState:             string(l.TraceState),
		Attributes:             keyValues(l.Attributes),
		DroppedAttributesCount: l.DroppedAttributesCount,
		Flags:                  l.Flags,
	}
}

func keyValues(attrs []AttrView) []span.KeyValue {
	if len(attrs) == 0 {
		return nil
	}
	kvs := make([]span.KeyValue, len(attrs))
	for i := range attrs {
		kvs[i] = span.KeyValue{Key: string(attrs[i].Key), Value: attrs[i].Value()}
	}
	return kvs
}
