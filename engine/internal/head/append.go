package head

import (
	"encoding/binary"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// Known tells whether older parts hold a trace: nil when they do not, else a
// function that tells whether they hold a span of it. It must not use the head.
type Known func(id span.TraceID) func(span.SpanID) bool

// request is what the head keeps while it reads one.
type request struct {
	known Known
	asked map[span.TraceID]func(span.SpanID) bool
}

// Append decodes a protobuf ExportTraceServiceRequest into rows that nobody
// sees before Publish. A span whose trace id and span id were there before, in
// a live row of this head or in older parts, counts as accepted and changes
// nothing. Older parts are asked once at most for a trace in a request, and
// not again once they did not have it; nil stands for no older parts. The
// request's bytes may be used again afterwards.
//
// With an error, which wraps query.ErrInvalid, the head is as it was before.
func (h *Head) Append(b []byte, known Known) (otlp.Result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, mark := len(h.rows.start), h.arena
	h.request.known = known
	r, err := otlp.Walk(b, appender{h})
	h.request.known = nil
	clear(h.request.asked)
	if err != nil {
		h.truncate(n)
		h.arena = mark // what lies behind the mark was never published
	}
	h.measure()
	return r, err
}

// appender is a head that takes what otlp.Walk finds.
type appender struct{ *Head }

// Span implements otlp.Handler.
func (h appender) Span(v *otlp.SpanView) {
	row := uint32(len(h.rows.start))
	trace, ok := h.traces.find(&h.seeds, v.TraceID)
	if ok {
		if h.has(trace, v.SpanID) || h.traces.ask[trace] && h.inOlder(v, trace) {
			return
		}
	} else {
		spans := h.ask(v.TraceID)
		if spans != nil && spans(v.SpanID) {
			return
		}
		trace = h.traces.add(&h.seeds, v.TraceID, row, spans != nil)
	}
	name := h.names.text(h.Head, v.Name)
	h.appendRow(v, row, trace, name)
	h.attributes(row, v.Attributes, &h.shapes[(name^h.scopes.code<<5)&(shapes-1)])
	for _, raw := range v.Events {
		h.events.add(&h.arena, row, raw)
	}
	for _, raw := range v.Links {
		h.links.add(&h.arena, row, raw)
	}
}

func (h *Head) appendRow(v *otlp.SpanView, row, trace, name uint32) {
	r := &h.rows
	r.start = append(r.start, v.StartTimeUnixNano)
	r.duration = append(r.duration, int64(v.EndTimeUnixNano-v.StartTimeUnixNano))
	r.spanID = append(r.spanID, v.SpanID)
	r.parent = append(r.parent, v.ParentSpanID)
	r.trace = append(r.trace, trace)
	r.resource = append(r.resource, h.resources.current(row))
	r.scope = append(r.scope, h.scopes.current(row))
	r.name = append(r.name, name)
	r.outcome = append(r.outcome, h.outcome.code(h, v))
	r.next = append(r.next, 0)
	h.traces.chain(r.next, trace, row)
	h.mark(row)
}

// inOlder reports whether older parts hold the span, of a trace that they may
// have spans of.
func (h *Head) inOlder(v *otlp.SpanView, trace uint32) bool {
	spans := h.ask(v.TraceID)
	if spans == nil {
		h.traces.ask[trace] = false
		return false
	}
	return spans(v.SpanID)
}

// ask asks older parts for a trace, once for a request.
func (h *Head) ask(id span.TraceID) func(span.SpanID) bool {
	if h.request.known == nil {
		return nil
	}
	spans, ok := h.request.asked[id]
	if !ok {
		spans = h.request.known(id)
		if spans != nil {
			if h.request.asked == nil {
				h.request.asked = map[span.TraceID]func(span.SpanID) bool{}
			}
			h.request.asked[id] = spans
		}
	}
	return spans
}

func (s *seeds) hashSpan(trace uint32, id span.SpanID) uint32 {
	return s.hashNumbers(binary.LittleEndian.Uint64(id[:]), uint64(trace))
}

// has reports whether a live row holds the span.
func (h *Head) has(trace uint32, id span.SpanID) bool {
	at, _, ok := h.seenAt(trace, id)
	return ok && !h.isDead(uint32(h.seen.cells[at])-1)
}

// seenAt is the cell of a span's latest row, or a free one.
func (h *Head) seenAt(trace uint32, id span.SpanID) (at, hash uint32, ok bool) {
	h.seen.grow()
	hash = h.seeds.hashSpan(trace, id)
	at = h.seen.home(hash)
	for ; h.seen.cells[at] != 0; at = h.seen.after(at) {
		c := h.seen.cells[at]
		if row := uint32(c) - 1; uint32(c>>32) == hash && h.rows.spanID[row] == id && h.rows.trace[row] == trace {
			return at, hash, true
		}
	}
	return at, hash, false
}

// mark makes the row the one that holds its span. A dead row may have held it
// before.
func (h *Head) mark(row uint32) {
	at, hash, ok := h.seenAt(h.rows.trace[row], h.rows.spanID[row])
	if ok {
		h.seen.replace(at, hash, row)
	} else {
		h.seen.put(at, hash, row)
	}
}
