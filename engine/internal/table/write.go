package table

import (
	"encoding/binary"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
	"github.com/spanstead/spanstead/segment"
)

// write writes columns, then indexes.
func (b *builder) write(out io.Writer) (segment.Summary, error) {
	l := b.layout()
	w, err := segment.NewWriter(out, l.spec, b.opt.Segment)
	if err != nil {
		return segment.Summary{}, err
	}
	for _, dict := range l.dicts {
		if err := dict(w); err != nil {
			return segment.Summary{}, err
		}
	}
	for from := 0; from < len(b.order); from += b.opt.BatchRows {
		to := min(from+b.opt.BatchRows, len(b.order))
		if err := w.WriteBatch(l.batch(from, to)); err != nil {
			return segment.Summary{}, err
		}
	}
	if err := b.writeIndexes(w); err != nil {
		return segment.Summary{}, err
	}
	return w.Close(b.opt.Info)
}

func (l *layout) batch(from, to int) segment.Batch {
	batch := segment.Batch{Rows: to - from, Codes: make([]arrow.Array, len(l.codes))}
	for g, codes := range l.codes {
		if codes != nil {
			batch.Codes[g] = codes(from, to)
		}
	}
	for _, rows := range l.plain {
		batch.Plain = append(batch.Plain, rows(from, to))
	}
	return batch
}

// sections writes named sections until one fails.
type sections struct {
	w   *segment.Writer
	err error
}

func (s *sections) write(name string, data []byte, compress bool) {
	if s.err == nil {
		s.err = s.w.WriteSection(name, data, compress)
	}
}

func (b *builder) writeIndexes(w *segment.Writer) error {
	s := &sections{w: w}
	s.write(SectionBounds, b.bounds(), true)
	ids := make([][16]byte, len(b.traceIDs))
	for i, id := range b.traceIDs {
		ids[i] = id
	}
	s.write(SectionIDs, index.BuildIDs(ids), false)
	s.write(SectionPostings+GroupTrace, index.BuildPostings(b.traces, len(b.traceIDs)), false)
	scratch := make([]uint32, len(b.order))
	for _, u := range b.units {
		if len(u.members) > 0 {
			u.codes.unpack(scratch)
			s.write(SectionPostings+u.name, index.BuildPostings(scratch, u.size), false)
		}
	}
	b.writeListIndexes(s)
	b.writeHistogram(s)
	return s.err
}

func (b *builder) writeListIndexes(s *sections) {
	multi := func(name string, rows, codes []uint32, size int) {
		s.write(SectionPostings+name, index.BuildMultiPostings(rows, codes, len(b.order), size), false)
	}
	if e := b.events; len(e.times) > 0 {
		multi(GroupEventName, listRows(e.offsets), e.names, len(e.text.list))
		multi(GroupEventAttr, innerRows(e.offsets, e.attrs.offsets), e.attrs.codes, max(len(e.attrs.pairs.keys), 1))
	}
	if k := b.links; len(k.traces) > 0 {
		rows := listRows(k.offsets)
		multi(GroupLinkTrace, rows, k.traces, len(k.traceIDs.list))
		multi(GroupLinkSpan, rows, k.spans, len(k.spanIDs.list))
		multi(GroupLinkState, rows, k.states, len(k.text.list))
		multi(GroupLinkAttr, innerRows(k.offsets, k.attrs.offsets), k.attrs.codes, max(len(k.attrs.pairs.keys), 1))
	}
	if r := &b.rare; len(r.codes) > 0 {
		multi(GroupRare, listRows(r.offsets), r.codes, len(r.pairs.keys))
	}
}

// bounds are the lowest and highest start time of each batch, little-endian.
func (b *builder) bounds() []byte {
	var out []byte
	for from := 0; from < len(b.order); from += b.opt.BatchRows {
		to := min(from+b.opt.BatchRows, len(b.order))
		out = binary.LittleEndian.AppendUint64(out, b.Start[b.order[from]])
		out = binary.LittleEndian.AppendUint64(out, b.Start[b.order[to-1]])
	}
	return out
}

// writeHistogram counts by service. Series 0 is for rows without a service
// name; the names of the others are a section of their own,
// each with its length before it as a varint.
func (b *builder) writeHistogram(s *sections) {
	if slices.ContainsFunc(b.Rare, func(r RareAttribute) bool { return query.Attr(r.Scope, r.Key) == query.ServiceName }) {
		return
	}
	series := make([]uint32, len(b.ResourceList))
	number := map[string]uint32{}
	var names []byte
	for code, r := range b.ResourceList {
		v, ok, plain := serviceOf(r)
		if !plain {
			return // the series would not say all that a filter can ask of the service
		}
		if !ok {
			continue
		}
		n, seen := number[v.Str()]
		if !seen {
			n = uint32(len(number) + 1)
			number[v.Str()] = n
			names = binary.AppendUvarint(names, uint64(len(v.Str())))
			names = append(names, v.Str()...)
		}
		series[code] = n
	}
	n := len(b.order)
	rows := index.HistogramRows{
		Start: make([]uint64, n), Duration: make([]int64, n), Series: make([]uint32, n), NumSeries: len(number) + 1,
	}
	for i, row := range b.order {
		rows.Start[i], rows.Duration[i], rows.Series[i] = b.Start[row], b.Duration[row], series[b.Resources[row]]
	}
	s.write(SectionHistogram, index.BuildHistogram(rows), false)
	s.write(SectionSeries, names, true)
}

// serviceOf is a resource's service name. plain is false where it is no string
// or is there twice.
func serviceOf(r *span.Resource) (v span.Value, ok, plain bool) {
	plain = true
	for _, kv := range r.Attributes {
		if kv.Key == query.ServiceName.Key {
			plain = plain && !ok && kv.Value.Type() == span.TypeString
			v, ok = kv.Value, true
		}
	}
	return v, ok, plain
}
