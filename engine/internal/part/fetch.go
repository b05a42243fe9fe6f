package part

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Fetch implements plan.Part. Spans of one resource or scope share it, and
// texts lie in the segment's dictionaries.
func (p *Part) Fetch(rows []uint32) ([]*span.Span, error) {
	f := fetcher{part: p, batches: map[int]*rowBatch{}}
	spans := make([]span.Span, len(rows))
	out := make([]*span.Span, len(rows))
	for i, row := range rows {
		out[i] = &spans[i]
		if err := f.fetch(&spans[i], int(row)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fetcher assembles rows; it holds the batches that it has touched.
type fetcher struct {
	part    *Part
	batches map[int]*rowBatch
	pairs   map[*pairColumn]*pairs
}

// rowBatch is what all rows of a batch are assembled from.
type rowBatch struct {
	base      int
	starts    []uint64
	durations []int64
	ids       []span.SpanID
	traces    []uint32
	traceIDs  []span.TraceID
	parent    func(i int) (span.SpanID, error)
	resource  plan.Codes
	units     []plan.Codes
	tuples    []*tuples
	wides     []wideBatch
	events    *eventBatch
	links     *linkBatch
	rare      *rareBatch
}

type wideBatch struct {
	wide  *wide
	bits  []uint64
	valid func(i int) bool
}

func (f *fetcher) batch(b int) (rb *rowBatch, err error) {
	if rb := f.batches[b]; rb != nil {
		return rb, nil
	}
	p := f.part
	rb = &rowBatch{base: b * p.BatchRows()}
	if rb.starts, err = p.Starts(b); err != nil {
		return nil, err
	}
	if rb.durations, err = p.Durations(b); err != nil {
		return nil, err
	}
	if rb.ids, err = p.SpanIDs(b); err != nil {
		return nil, err
	}
	if rb.traces, err = p.TraceCodes(b); err != nil {
		return nil, err
	}
	if rb.traceIDs, err = p.TraceIDs(); err != nil {
		return nil, err
	}
	if rb.parent, err = p.parentReader(b); err != nil {
		return nil, err
	}
	if rb.resource, err = p.resource.Codes(b); err != nil {
		return nil, err
	}
	if err := f.loadUnits(rb, b); err != nil {
		return nil, err
	}
	f.batches[b] = rb
	return rb, f.loadLists(rb, b)
}

func (f *fetcher) loadUnits(rb *rowBatch, b int) error {
	for _, g := range f.part.units {
		codes, err := g.Codes(b)
		if err != nil {
			return err
		}
		t, err := g.tuples()
		if err != nil {
			return err
		}
		rb.units = append(rb.units, codes)
		rb.tuples = append(rb.tuples, t)
	}
	for _, w := range f.part.wides {
		bits, valid, err := w.Values(b)
		if err != nil {
			return err
		}
		wb := wideBatch{wide: w, bits: bits, valid: func(int) bool { return true }}
		if valid != nil {
			wb.valid = func(i int) bool { return valid[i>>6]>>(i&63)&1 != 0 }
		}
		rb.wides = append(rb.wides, wb)
	}
	return nil
}

func (f *fetcher) loadLists(rb *rowBatch, b int) (err error) {
	p := f.part
	if p.events >= 0 {
		if rb.events, err = p.eventBatch(b); err != nil {
			return err
		}
	}
	if p.links >= 0 {
		if rb.links, err = p.linkBatch(b); err != nil {
			return err
		}
	}
	if p.rare >= 0 {
		rb.rare, err = p.rareBatch(b)
	}
	return err
}

func (f *fetcher) fetch(s *span.Span, row int) error {
	p := f.part
	rb, err := f.batch(row / p.BatchRows())
	if err != nil {
		return err
	}
	i := row - rb.base
	s.TraceID, s.SpanID = rb.traceIDs[rb.traces[i]], rb.ids[i]
	s.StartTimeUnixNano = rb.starts[i]
	s.EndTimeUnixNano = rb.starts[i] + uint64(rb.durations[i])
	if s.ParentSpanID, err = rb.parent(i); err != nil {
		return err
	}
	if s.Resource, err = p.resourceAt(rb.resource.At(i)); err != nil {
		return err
	}
	s.Scope = emptyScope
	for k, t := range rb.tuples {
		tu, err := t.at(rb.units[k].At(i))
		if err != nil {
			return err
		}
		tu.apply(s)
	}
	for _, w := range rb.wides {
		if w.valid(i) {
			v := table.NumberOf(w.wide.typ, w.bits[i])
			s.Attributes = append(s.Attributes, span.KeyValue{Key: w.wide.field.Key, Value: v})
		}
	}
	if err := f.fetchLists(s, rb, i); err != nil {
		return err
	}
	sortAttributes(s.Attributes)
	return nil
}

// sortAttributes sorts by key; repeats of a key keep their order.
func sortAttributes(kvs []span.KeyValue) {
	slices.SortStableFunc(kvs, func(a, b span.KeyValue) int { return cmp.Compare(a.Key, b.Key) })
}

func (f *fetcher) fetchLists(s *span.Span, rb *rowBatch, i int) error {
	if e := rb.events; e != nil && e.offsets[i] < e.offsets[i+1] {
		if err := f.fetchEvents(s, e, int(e.offsets[i]), int(e.offsets[i+1])); err != nil {
			return err
		}
	}
	if k := rb.links; k != nil && k.offsets[i] < k.offsets[i+1] {
		if err := f.fetchLinks(s, k, int(k.offsets[i]), int(k.offsets[i+1])); err != nil {
			return err
		}
	}
	if r := rb.rare; r != nil && r.offsets[i] < r.offsets[i+1] {
		return f.fetchRare(s, r.codes[r.offsets[i]:r.offsets[i+1]])
	}
	return nil
}

func (f *fetcher) fetchEvents(s *span.Span, e *eventBatch, from, to int) error {
	p := f.part
	names, err := p.inner(p.events, 0)
	if err != nil {
		return err
	}
	for j := from; j < to; j++ {
		ev := span.Event{
			TimeUnixNano: e.times[j], Name: names.(*array.String).Value(int(e.names[j])),
			DroppedAttributesCount: e.dropped[j],
		}
		if ev.Attributes, err = f.attributes(p.eventAttrs, e.attrs, j); err != nil {
			return err
		}
		s.Events = append(s.Events, ev)
	}
	return nil
}

func (f *fetcher) fetchLinks(s *span.Span, k *linkBatch, from, to int) error {
	p := f.part
	traces, err := p.inner(p.links, 0)
	if err != nil {
		return err
	}
	ids, err := p.inner(p.links, 1)
	if err != nil {
		return err
	}
	states, err := p.inner(p.links, 2)
	if err != nil {
		return err
	}
	for j := from; j < to; j++ {
		l := span.Link{
			TraceState:             states.(*array.String).Value(int(k.states[j])),
			DroppedAttributesCount: k.dropped[j], Flags: k.flags[j],
		}
		copy(l.TraceID[:], traces.(*array.FixedSizeBinary).Value(int(k.traces[j])))
		copy(l.SpanID[:], ids.(*array.FixedSizeBinary).Value(int(k.spans[j])))
		if l.Attributes, err = f.attributes(p.linkAttrs, k.attrs, j); err != nil {
			return err
		}
		s.Links = append(s.Links, l)
	}
	return nil
}

func (f *fetcher) attributes(pc *pairColumn, a attrBatch, j int) ([]span.KeyValue, error) {
	codes := a.codes[a.offsets[j]:a.offsets[j+1]]
	if len(codes) == 0 {
		return nil, nil
	}
	pairs, err := f.pairsOf(pc)
	if err != nil {
		return nil, err
	}
	kvs := make([]span.KeyValue, len(codes))
	for i, c := range codes {
		kvs[i] = span.KeyValue{Key: pairs.list[c].field.Key, Value: pairs.list[c].value}
	}
	return kvs, nil
}

func (f *fetcher) pairsOf(pc *pairColumn) (*pairs, error) {
	if p := f.pairs[pc]; p != nil {
		return p, nil
	}
	p, err := pc.load()
	if err == nil {
		if f.pairs == nil {
			f.pairs = map[*pairColumn]*pairs{}
		}
		f.pairs[pc] = p
	}
	return p, err
}

// fetchRare adds the attributes that have no column. A resource or scope that
// has any is the span's own.
func (f *fetcher) fetchRare(s *span.Span, codes []uint32) error {
	pairs, err := f.pairsOf(f.part.rareAttrs)
	if err != nil {
		return err
	}
	var resource, scope []span.KeyValue
	for _, c := range codes {
		pr := pairs.list[c]
		kv := span.KeyValue{Key: pr.field.Key, Value: pr.value}
		switch pr.field.Scope {
		case query.ScopeSpan:
			s.Attributes = append(s.Attributes, kv)
		case query.ScopeResource:
			resource = append(resource, kv)
		case query.ScopeInstrumentation:
			scope = append(scope, kv)
		}
	}
	if resource != nil {
		own := *s.Resource
		own.Attributes = slices.Concat(own.Attributes, resource)
		sortAttributes(own.Attributes)
		s.Resource = &own
	}
	if scope != nil {
		own := *s.Scope
		own.Attributes = slices.Concat(own.Attributes, scope)
		sortAttributes(own.Attributes)
		s.Scope = &own
	}
	return nil
}

// resourceAt is the resource of a code, made once.
func (p *Part) resourceAt(code uint32) (*span.Resource, error) {
	all, err := get(p.cache, p.key(kindObjects, 0, 0), func() (*[]atomic.Pointer[span.Resource], int, error) {
		all := make([]atomic.Pointer[span.Resource], p.resource.size)
		return &all, p.resource.size * (128 + 48*len(p.resource.members)), nil
	})
	if err != nil {
		return nil, err
	}
	if r := (*all)[code].Load(); r != nil {
		return r, nil
	}
	r := &span.Resource{}
	for _, d := range p.resource.members {
		v, ok, err := d.At(code)
		if err != nil {
			return nil, err
		}
		if ok {
			setResource(r, d.field, v)
		}
	}
	sortAttributes(r.Attributes)
	(*all)[code].Store(r)
	return r, nil
}

func setResource(r *span.Resource, f query.Field, v span.Value) {
	switch {
	case f.Scope == query.ScopeResource:
		r.Attributes = append(r.Attributes, span.KeyValue{Key: f.Key, Value: v})
	case f == query.ResourceSchemaURL:
		r.SchemaURL = v.Str()
	case f == table.ResourceDropped:
		r.DroppedAttributesCount = uint32(v.Int())
	case f == table.ResourceEntities:
		r.EntityRefs = table.EntityRefs(v)
	}
}
