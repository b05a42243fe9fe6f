package bench

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Answer is what a system said. Only what the question's kind asks for is set.
type Answer struct {
	Spans   []*span.Span // in the order asked for; Q1 by start time, then span id
	Total   int          // Q11
	Traces  []query.TraceSummary
	Heatmap query.HeatmapAnswer
	Keys    []query.Key
	Values  []query.ValueCount
}

// Items is how many things the answer lists.
func (a *Answer) Items() int {
	return len(a.Spans) + len(a.Traces) + len(a.Heatmap.Counts) + len(a.Keys) + len(a.Values)
}

// Digest is equal for equal answers. What the widest spread schema for spans
// in a table (that of OpenTelemetry's ClickHouse exporter) does not keep is
// left out: the types of attribute values, which are compared as text, flags,
// schema URLs, the scope's attributes, dropped counts, and of a listed trace all
// but its id, root, times and number of spans and errors.
func (a *Answer) Digest() string {
	var d digest
	for _, s := range a.Spans {
		d.span(s)
	}
	d.number(uint64(a.Total))
	for i := range a.Traces {
		d.trace(&a.Traces[i])
	}
	d.heatmap(&a.Heatmap)
	for _, k := range a.Keys {
		d.text(k.Field.Scope.String())
		d.text(k.Field.Key)
	}
	for _, v := range a.Values {
		d.text(v.Value.Text())
		d.number(uint64(v.Count))
	}
	sum := sha256.Sum256(d)
	return hex.EncodeToString(sum[:8])
}

// digest is the text of an answer: numbers, and texts with their length.
type digest []byte

func (d *digest) number(n uint64) { *d = binary.AppendUvarint(*d, n) }

func (d *digest) text(s string) {
	d.number(uint64(len(s)))
	*d = append(*d, s...)
}

func (d *digest) span(s *span.Span) {
	*d = append(*d, s.TraceID[:]...)
	*d = append(*d, s.SpanID[:]...)
	*d = append(*d, s.ParentSpanID[:]...)
	d.text(s.TraceState)
	d.text(s.Name)
	d.number(uint64(s.Kind))
	d.number(s.StartTimeUnixNano)
	d.number(uint64(s.DurationNano()))
	d.number(uint64(s.Status.Code))
	d.text(s.Status.Message)
	if s.Resource != nil {
		d.attributes(s.Resource.Attributes)
	}
	if s.Scope != nil {
		d.text(s.Scope.Name)
		d.text(s.Scope.Version)
	}
	d.attributes(s.Attributes)
	d.number(uint64(len(s.Events)))
	for _, e := range s.Events {
		d.number(e.TimeUnixNano)
		d.text(e.Name)
		d.attributes(e.Attributes)
	}
	d.number(uint64(len(s.Links)))
	for _, l := range s.Links {
		*d = append(*d, l.TraceID[:]...)
		*d = append(*d, l.SpanID[:]...)
		d.text(l.TraceState)
		d.attributes(l.Attributes)
	}
}

func (d *digest) attributes(kvs []span.KeyValue) {
	sorted := slices.SortedFunc(slices.Values(kvs), func(a, b span.KeyValue) int { return cmp.Compare(a.Key, b.Key) })
	d.number(uint64(len(sorted)))
	for _, kv := range sorted {
		d.text(kv.Key)
		d.text(kv.Value.Text())
	}
}

func (d *digest) trace(t *query.TraceSummary) {
	*d = append(*d, t.TraceID[:]...)
	d.text(t.RootName)
	d.text(t.RootService)
	d.number(t.Start)
	d.number(t.End)
	d.number(uint64(t.Spans))
	d.number(uint64(t.Errors))
}

func (d *digest) heatmap(h *query.HeatmapAnswer) {
	if h.Total == 0 {
		return
	}
	d.number(h.Start)
	d.number(h.Total)
	for _, b := range h.Bounds {
		d.number(uint64(b))
	}
	for _, row := range h.Counts {
		for _, n := range row {
			d.number(uint64(n))
		}
	}
}
