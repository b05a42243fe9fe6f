package head

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// Known tells whether older parts hold a trace: nil when they do not, else a
// function that tells whether they hold a span of it.
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
	r, err := otlp.Walk(b, h)
	h.request.known = nil
	clear(h.request.asked)
	if err != nil {
		h.truncate(n)
		h.arena = mark // what lies behind the mark was never published
	}
	h.measure()
	return r, err
}

// Span implements otlp.Handler.
func (h *Head) Span(v *otlp.SpanView) {
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
	name := h.names.text(h, v.Name)
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

// Truncate drops the rows from n on, which were not published.
func (h *Head) Truncate(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.truncate(max(n, h.published))
	h.measure()
}

func (h *Head) truncate(n int) {
	if n >= len(h.rows.start) {
		h.resources.truncate(n)
		h.scopes.truncate(n)
		return
	}
	s := &h.seeds
	h.unchain(n)
	h.rows.truncate(n)
	h.traces.truncate(s, n)
	h.names.truncate(s, codesIn(h.rows.name))
	h.outcome.truncate(s, codesIn(h.rows.outcome))
	h.resources.truncate(n)
	h.scopes.truncate(n)
	h.truncateColumns(n)
	h.rare.truncate(s, n)
	h.events.truncate(n)
	h.links.truncate(n)
	h.seen = slots{}
	for row := range h.rows.start {
		h.mark(uint32(row))
	}
}

// codesIn is how many codes are in use. Codes are given by first appearance,
// so there is none between.
func codesIn(codes []uint32) int {
	if len(codes) == 0 {
		return 0
	}
	return int(slices.Max(codes)) + 1
}

// unchain ends every trace's chain before row n.
func (h *Head) unchain(n int) {
	done := map[uint32]bool{}
	for _, code := range h.rows.trace[n:] {
		if done[code] || int(h.traces.first[code]) >= n {
			continue
		}
		done[code] = true
		row := h.traces.first[code]
		for next := h.rows.next[row]; next != 0 && int(next-1) < n; next = h.rows.next[row] {
			row = next - 1
		}
		h.traces.endAt(h.rows.next, code, row)
	}
}

func (r *rows) truncate(n int) {
	r.start, r.duration, r.spanID, r.parent = r.start[:n], r.duration[:n], r.spanID[:n], r.parent[:n]
	r.trace, r.resource, r.scope = r.trace[:n], r.resource[:n], r.scope[:n]
	r.name, r.outcome, r.next = r.name[:n], r.outcome[:n], r.next[:n]
}

// truncateColumns also forgets the columns and keys that no row has any more.
func (h *Head) truncateColumns(n int) {
	h.columns = slices.DeleteFunc(slices.Clone(h.columns), func(c *column) bool {
		c.truncate(&h.seeds, n)
		if len(c.pairs) > 0 {
			return false
		}
		h.keys[c.key].columns[c.typ] = nil
		return true
	})
	for name, k := range h.keys {
		k.last = 0
		if k.columns == [len(k.columns)]*column{} {
			delete(h.keys, name)
		}
	}
	h.shapes = [shapes]shape{}
}

// messages are the events or links of rows as they were sent.
type messages struct {
	rows []uint32 // of each message, ascending
	raw  [][]byte
}

func (m *messages) add(a *arena, row uint32, raw []byte) {
	m.rows = append(m.rows, row)
	m.raw = append(m.raw, a.bytes(raw))
}

// before is the messages of rows below n.
func (m *messages) before(n int) messages {
	k := len(m.rows)
	if k > 0 && int(m.rows[k-1]) >= n {
		k, _ = slices.BinarySearchFunc(m.rows, n, func(row uint32, n int) int { return cmp.Compare(int(row), n) })
	}
	return messages{m.rows[:k:k], m.raw[:k:k]}
}

// of is where the messages of a row begin and end.
func (m *messages) of(row uint32) (from, to int) {
	from, ok := slices.BinarySearch(m.rows, row)
	for to = from; ok && to < len(m.rows) && m.rows[to] == row; to++ {
	}
	return from, to
}

func (m *messages) truncate(n int) {
	k := len(m.before(n).rows)
	clear(m.raw[k:])
	m.rows, m.raw = m.rows[:k], m.raw[:k]
}

func (m *messages) size() int64 { return int64(4*cap(m.rows) + 24*cap(m.raw)) }
