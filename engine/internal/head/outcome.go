package head

import (
	"slices"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// outcome is what varies little from span to span, so that a row has one code
// for all of it.
type outcome struct {
	kind       span.Kind
	status     span.StatusCode
	message    uint32 // code of a text, 0 for ""
	traceState uint32 // likewise
	flags      uint32
	attributes uint32 // dropped
	events     uint32 // dropped
	links      uint32 // dropped
}

// outcomes numbers distinct outcomes by first appearance.
type outcomes struct {
	list     []outcome
	at       map[outcome]uint32
	messages dictionary
	states   dictionary
	last     uint32
}

func (o *outcomes) init() { o.at = map[outcome]uint32{} }

func (o *outcomes) code(h *Head, v *otlp.SpanView) uint32 {
	x := outcome{
		kind: v.Kind, status: v.StatusCode, flags: v.Flags,
		message: o.messages.text(h, v.StatusMessage), traceState: o.states.text(h, v.TraceState),
		attributes: v.DroppedAttributesCount, events: v.DroppedEventsCount, links: v.DroppedLinksCount,
	}
	if int(o.last) < len(o.list) && o.list[o.last] == x {
		return o.last
	}
	code, ok := o.at[x]
	if !ok {
		code = uint32(len(o.list))
		o.list = append(o.list, x)
		o.at[x] = code
	}
	o.last = code
	return code
}

// truncate keeps the first n outcomes and their texts.
func (o *outcomes) truncate(s *seeds, n int) {
	for _, x := range o.list[n:] {
		delete(o.at, x)
	}
	o.list, o.last = slices.Clip(o.list[:n]), 0
	messages, states := 0, 0
	for _, x := range o.list {
		messages, states = max(messages, int(x.message)+1), max(states, int(x.traceState)+1)
	}
	o.messages.truncate(s, messages)
	o.states.truncate(s, states)
}

func (o *outcomes) size() int64 {
	return int64(cap(o.list))*(32+48) + o.messages.size() + o.states.size()
}

// outcomeView is the outcomes as they were at one moment.
type outcomeView struct {
	list     []outcome
	messages []string
	states   []string
}

func (o *outcomes) view() outcomeView {
	return outcomeView{o.list, o.messages.texts, o.states.texts}
}

// outcomeFields are the fields that an outcome holds.
var outcomeFields = []query.Field{
	query.Kind, query.StatusCode, query.StatusMessage, query.TraceState, query.Flags,
	query.DroppedAttributesCount, query.DroppedEventsCount, query.DroppedLinksCount,
}

func (o *outcomeView) value(code uint32, f query.Field) span.Value {
	x := &o.list[code]
	switch f {
	case query.Kind:
		return span.Int(int64(x.kind))
	case query.StatusCode:
		return span.Int(int64(x.status))
	case query.StatusMessage:
		return span.String(o.messages[x.message])
	case query.TraceState:
		return span.String(o.states[x.traceState])
	case query.Flags:
		return span.Int(int64(x.flags))
	case query.DroppedAttributesCount:
		return span.Int(int64(x.attributes))
	case query.DroppedEventsCount:
		return span.Int(int64(x.events))
	}
	return span.Int(int64(x.links))
}

// apply sets what the outcome says.
func (o *outcomeView) apply(s *span.Span, code uint32) {
	x := &o.list[code]
	s.Kind, s.Status.Code, s.Status.Message = x.kind, x.status, o.messages[x.message]
	s.TraceState, s.Flags = o.states[x.traceState], x.flags
	s.DroppedAttributesCount, s.DroppedEventsCount, s.DroppedLinksCount = x.attributes, x.events, x.links
}

// outcomeDict is one field of the outcomes.
type outcomeDict struct {
	outcomes *outcomeView
	field    query.Field
}

// Each implements plan.Dict.
func (d outcomeDict) Each(fn func(code uint32, v span.Value) bool) error {
	for code := range d.outcomes.list {
		if !fn(uint32(code), d.outcomes.value(uint32(code), d.field)) {
			break
		}
	}
	return nil
}

// At implements plan.Dict.
func (d outcomeDict) At(code uint32) (span.Value, bool, error) {
	return d.outcomes.value(code, d.field), true, nil
}

// Find implements plan.Dict.
func (d outcomeDict) Find(dst []uint32, _ span.Value) ([]uint32, bool, error) { return dst, false, nil }
