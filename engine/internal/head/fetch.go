package head

import (
	"slices"

	"github.com/spanstead/spanstead/engine/span"
)

// Fetch implements plan.Part. Spans of one resource or scope share it, and
// texts lie in the head's memory.
func (s *Snapshot) Fetch(rows []uint32) ([]*span.Span, error) {
	spans := make([]span.Span, len(rows))
	out := make([]*span.Span, len(rows))
	order := make([]uint32, len(rows)) // places in rows, by row
	for i, row := range rows {
		out[i], order[i] = &spans[i], uint32(i)
		s.fetchRow(&spans[i], row)
	}
	byRow := func(a, b uint32) int { return int(rows[a]) - int(rows[b]) }
	if !slices.IsSortedFunc(order, byRow) {
		slices.SortFunc(order, byRow)
	}
	if err := s.fetchColumns(spans, rows, order); err != nil {
		return nil, err
	}
	if err := s.fetchRare(spans, rows); err != nil {
		return nil, err
	}
	for i, row := range rows {
		spans[i].Events = s.events.readEvents(row)
		spans[i].Links = s.links.readLinks(row)
	}
	return out, nil
}

func (s *Snapshot) fetchRow(sp *span.Span, row uint32) {
	r := &s.rows
	sp.TraceID, sp.SpanID, sp.ParentSpanID = s.traceIDs[r.trace[row]], r.spanID[row], r.parent[row]
	sp.StartTimeUnixNano = r.start[row]
	sp.EndTimeUnixNano = r.start[row] + uint64(r.duration[row])
	sp.Name = s.names.Strings[r.name[row]]
	sp.Resource, sp.Scope = s.resources[r.resource[row]], s.scopes[r.scope[row]]
	s.outcomes.apply(sp, r.outcome[row])
}

// hit is a value that a row has in a column.
type hit struct {
	place  uint32
	column uint32
	code   uint32
}

// fetchColumns goes through the columns by key, and through each by row, so
// that a span gets its attributes in order.
func (s *Snapshot) fetchColumns(spans []span.Span, rows, order []uint32) error {
	var hits []hit
	counts := make([]int, len(rows))
	columns := s.directory().sorted
	for k, c := range columns {
		rest := c.pairs
		for _, place := range order {
			rest = rest[gallop(rest, rows[place]):]
			if len(rest) == 0 {
				break
			}
			if rest[0].row == rows[place] {
				hits = append(hits, hit{place, uint32(k), rest[0].code})
				counts[place]++
			}
		}
	}
	slab := make([]span.KeyValue, len(hits))
	for i, n := range counts {
		if n > 0 {
			spans[i].Attributes, slab = slab[:0:n], slab[n:]
		}
	}
	for _, h := range hits {
		c := columns[h.column]
		v, err := c.values.At(c.typ, h.code)
		if err != nil {
			return err
		}
		sp := &spans[h.place]
		sp.Attributes = append(sp.Attributes, span.KeyValue{Key: c.key, Value: v})
	}
	return nil
}

// gallop is the place of the first pair of that row or a later one, which is
// thought to be near the front.
func gallop(pairs []pair, row uint32) int {
	step := 1
	for step < len(pairs) && pairs[step-1].row < row {
		step *= 2
	}
	lo := step / 2
	return lo + below(pairs[lo:min(step, len(pairs))], int(row))
}

func (s *Snapshot) fetchRare(spans []span.Span, rows []uint32) error {
	if len(s.rare) == 0 {
		return nil
	}
	for i, row := range rows {
		at := below(s.rare, int(row))
		if at == len(s.rare) || s.rare[at].row != row {
			continue
		}
		for ; at < len(s.rare) && s.rare[at].row == row; at++ {
			key, v, err := readRare(s.rareTexts[s.rare[at].code])
			if err != nil {
				return err
			}
			spans[i].Attributes = append(spans[i].Attributes, span.KeyValue{Key: key, Value: v})
		}
		sortAttributes(spans[i].Attributes)
	}
	return nil
}
