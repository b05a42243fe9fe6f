package table

import (
	"cmp"
	"slices"

	"github.com/spanstead/spanstead/engine/span"
)

// sorted is a table with its rows in order: by start time, trace id, span id.
type sorted struct {
	*Table
	order []uint32 // row of the table at each place
	// traces and traceIDs number the traces by first appearance in order.
	traces   []uint32
	traceIDs []span.TraceID
}

func newSorted(t *Table) *sorted {
	s := &sorted{Table: t, order: make([]uint32, t.Rows())}
	for i := range s.order {
		s.order[i] = uint32(i)
	}
	inOrder := true
	for i := 1; i < len(s.order) && inOrder; i++ {
		inOrder = s.compare(uint32(i-1), uint32(i)) <= 0
	}
	if !inOrder {
		slices.SortFunc(s.order, s.compare)
	}
	s.numberTraces()
	return s
}

func (s *sorted) compare(a, b uint32) int {
	if c := cmp.Compare(s.Start[a], s.Start[b]); c != 0 {
		return c
	}
	if c := s.TraceIDs[s.Traces[a]].Compare(s.TraceIDs[s.Traces[b]]); c != 0 {
		return c
	}
	return s.SpanIDs[a].Compare(s.SpanIDs[b])
}

func (s *sorted) numberTraces() {
	s.traces = make([]uint32, len(s.order))
	code := make([]uint32, len(s.TraceIDs))
	for i := range code {
		code[i] = Missing
	}
	for i, row := range s.order {
		old := s.Traces[row]
		if code[old] == Missing {
			code[old] = uint32(len(s.traceIDs))
			s.traceIDs = append(s.traceIDs, s.TraceIDs[old])
		}
		s.traces[i] = code[old]
	}
}

// parents are where each row's parent is: distance rows before it, or, when it
// is not in the table, its id. Distance 0 and a zero id mean no parent.
type parents struct {
	distance []int32
	foreign  []span.SpanID // distinct, sorted
	codes    []uint32      // in foreign, or Missing
}

// findParents looks for each row's parent among the rows of its trace.
func (s *sorted) findParents() parents {
	n := len(s.order)
	p := parents{distance: make([]int32, n), codes: make([]uint32, n)}
	rows, ends := s.rowsByTrace()
	var elsewhere []uint32
	from := uint32(0)
	for _, end := range ends {
		elsewhere = s.findInTrace(rows[from:end], &p, elsewhere)
		from = end
	}
	for i := range p.codes {
		p.codes[i] = Missing
	}
	for _, i := range elsewhere {
		p.foreign = append(p.foreign, s.Parents[s.order[i]])
	}
	slices.SortFunc(p.foreign, span.SpanID.Compare)
	p.foreign = slices.Compact(p.foreign)
	for _, i := range elsewhere {
		at, _ := slices.BinarySearchFunc(p.foreign, s.Parents[s.order[i]], span.SpanID.Compare)
		p.codes[i] = uint32(at)
	}
	return p
}

// rowsByTrace lists the places of each trace one after another.
func (s *sorted) rowsByTrace() (rows, ends []uint32) {
	ends = make([]uint32, len(s.traceIDs))
	for _, c := range s.traces {
		ends[c]++
	}
	sum := uint32(0)
	for c, n := range ends {
		ends[c] = sum
		sum += n
	}
	rows = make([]uint32, len(s.traces))
	for i, c := range s.traces {
		rows[ends[c]] = uint32(i)
		ends[c]++
	}
	return rows, ends
}

// manySpans is the size from which a trace's span ids are looked up in a map.
const manySpans = 48

func (s *sorted) findInTrace(rows []uint32, p *parents, elsewhere []uint32) []uint32 {
	find := func(id span.SpanID) int {
		return slices.IndexFunc(rows, func(i uint32) bool { return s.SpanIDs[s.order[i]] == id })
	}
	if len(rows) > manySpans {
		at := make(map[span.SpanID]int, len(rows))
		for k, i := range slices.Backward(rows) {
			at[s.SpanIDs[s.order[i]]] = k
		}
		find = func(id span.SpanID) int {
			if k, ok := at[id]; ok {
				return k
			}
			return -1
		}
	}
	for _, i := range rows {
		id := s.Parents[s.order[i]]
		if id.IsZero() {
			continue
		}
		k := find(id)
		if k < 0 || rows[k] == i {
			elsewhere = append(elsewhere, i)
			continue
		}
		p.distance[i] = int32(i) - int32(rows[k])
	}
	return elsewhere
}
