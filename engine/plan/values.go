package plan

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
)

// Values answers query.Values: distinct values with the number of matching
// spans that have each, most frequent first, then by type and text.
func Values(ctx context.Context, parts []Part, opt Options, q query.Values) ([]query.ValueCount, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	runs, err := newRuns(ctx, parts, &opt, q.Range, q.Filter)
	if err != nil {
		return nil, err
	}
	defer finish(runs)
	t := tally{counts: map[string]*query.ValueCount{}}
	for _, r := range runs {
		if err := r.values(q.Field, &t); err != nil {
			return nil, err
		}
	}
	return t.top(q.Limit), nil
}

// tally counts values by type and contents.
type tally struct {
	counts map[string]*query.ValueCount
	key    []byte
}

func (t *tally) add(v span.Value, n int) {
	t.key = v.AppendKey(t.key[:0])
	if c := t.counts[string(t.key)]; c != nil {
		c.Count += n
		return
	}
	t.counts[string(t.key)] = &query.ValueCount{Value: v, Count: n}
}

func (t *tally) top(limit int) []query.ValueCount {
	out := make([]query.ValueCount, 0, len(t.counts))
	for _, c := range t.counts {
		out = append(out, *c)
	}
	slices.SortFunc(out, compareCounts)
	if limit > 0 && len(out) > limit {
		out = slices.Clip(out[:limit])
	}
	return out
}

// compareCounts puts the most frequent first, then orders by type, text and bytes.
func compareCounts(a, b query.ValueCount) int {
	if c := cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value.Type(), b.Value.Type())); c != 0 {
		return c
	}
	if c := strings.Compare(a.Value.Text(), b.Value.Text()); c != 0 {
		return c
	}
	return bytes.Compare(otlp.AppendValue(nil, a.Value), otlp.AppendValue(nil, b.Value))
}

// values counts one part's values. A field whose values lie in one
// single-valued dictionary column is counted by code; any other row by row.
func (r *run) values(f query.Field, t *tally) error {
	cols, err := r.part.Columns(f)
	if err != nil {
		return err
	}
	switch {
	case f.Scope == query.ScopeAny || f.Scope == query.ScopeIntrinsic && len(cols) == 0:
		return r.valuesOfSpans(f, t)
	case len(cols) == 0:
		return nil
	}
	for _, col := range cols {
		if col.Wide != nil || r.part.Groups()[col.Group].Multi() {
			return r.valuesOfSpans(f, t)
		}
	}
	for _, col := range cols {
		if err := r.valuesOfColumn(col, t); err != nil {
			return err
		}
	}
	return nil
}

// keepValues is how many values of a column are kept in a part's memory.
const keepValues = 4096

// valuesOfColumn counts the values of one column. Those of all rows of a part
// are remembered.
func (r *run) valuesOfColumn(col Column, t *tally) error {
	m := r.memory()
	if m == nil || !r.all() {
		return r.countColumn(col, t)
	}
	key := string(columnKey('$', col))
	counts, ok := m.Recall(key, -1).([]query.ValueCount)
	if ok {
		r.stats.Remembered++
	} else {
		own := tally{counts: map[string]*query.ValueCount{}}
		if err := r.countColumn(col, &own); err != nil {
			return err
		}
		if counts = own.top(0); len(counts) <= keepValues {
			m.Keep(key, -1, counts, sizeOfCounts(counts))
		}
	}
	for _, c := range counts {
		t.add(c.Value, c.Count)
	}
	return nil
}

func sizeOfCounts(counts []query.ValueCount) int {
	n := 0
	for _, c := range counts {
		n += 96 + len(c.Value.Text())
	}
	return n
}

// all reports that every row of the part matches.
func (r *run) all() bool {
	c, ok := r.root.(constNode)
	return ok && c.holds && r.whole() && r.part.Dead() == nil
}

func (r *run) countColumn(col Column, t *tally) error {
	counts, err := r.codeCounts(r.part.Groups()[col.Group])
	if err != nil {
		return err
	}
	return col.Dict.Each(func(code uint32, v span.Value) bool {
		if n := counts[code]; n > 0 {
			t.add(v, n)
		}
		return true
	})
}

// codeCounts counts the matching rows of each code.
func (r *run) codeCounts(g Group) ([]int, error) {
	counts := make([]int, g.Len())
	if r.all() && !r.opt.NoIndex {
		p, err := g.Postings()
		if err != nil {
			return nil, corrupt(r.part, err)
		}
		if p != nil {
			for code := range counts {
				counts[code] = p.Count(code)
			}
			return counts, nil
		}
	}
	set := r.bits()
	defer r.release(set)
	for b := range batches(r.part) {
		any, err := r.match(b, set)
		if err != nil {
			return nil, err
		}
		if !any {
			continue
		}
		codes, err := g.Codes(b)
		if err != nil {
			return nil, err
		}
		r.stats.Scanned++
		countCodes(codes, set, counts)
	}
	return counts, nil
}

func countCodes(codes Codes, set *index.Bits, counts []int) {
	_, _ = eachBit(set, 0, false, func(i int) (bool, error) {
		counts[codes.At(i)]++
		return true, nil
	})
}

// valuesOfSpans counts a field that no one column holds, from whole spans.
func (r *run) valuesOfSpans(f query.Field, t *tally) error {
	var rows []uint32
	var values []span.Value
	flush := func() error {
		spans, err := fetchRows(r.ctx, r.part, rows)
		r.stats.Fetched += len(rows)
		rows = rows[:0]
		for _, s := range spans {
			values = query.AppendValues(values[:0], s, f)
			for i, v := range values {
				if !slices.ContainsFunc(values[:i], v.Equal) {
					t.add(v, 1)
				}
			}
		}
		return err
	}
	err := r.eachRow(false, func(row int) (bool, error) {
		rows = append(rows, uint32(row))
		if len(rows) == 4096 {
			return true, flush()
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	return flush()
}
