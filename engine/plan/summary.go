package plan

import (
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// summary is a trace summary in the making, with the place of the span that
// gives it its name so far.
type summary struct {
	query.TraceSummary
	named      bool
	namedStart uint64
	namedID    span.SpanID
}

// summaryReader reads from a part just what a summary needs.
type summaryReader struct {
	part      Part
	name      coded
	service   coded
	status    coded
	hasParent coded
	batch     int // the batch that the slices below are of; -1 for none
	base      int
	starts    []uint64
	durations []int64
}

// coded is a column that is read row by row.
type coded struct {
	column Column
	group  Group
	codes  Codes
	ok     bool
	rare   bool // some rows have the field outside the column
}

func newSummaryReader(p Part) (*summaryReader, error) {
	r := &summaryReader{part: p, batch: -1}
	for _, c := range []struct {
		coded *coded
		field query.Field
		typ   span.Type
	}{
		{&r.name, query.Name, span.TypeString},
		{&r.service, query.ServiceName, span.TypeString},
		{&r.status, query.StatusCode, span.TypeInt},
		{&r.hasParent, HasParent, span.TypeBool},
	} {
		if err := c.coded.find(p, c.field, c.typ); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// find looks for the column of a field and type that every row has one code in.
func (c *coded) find(p Part, f query.Field, t span.Type) error {
	cols, err := p.Columns(f)
	for _, col := range cols {
		switch {
		case col.Wide == nil && p.Groups()[col.Group].Multi():
			c.rare = true
		case col.Type == t && col.Wide == nil:
			c.column, c.group, c.ok = col, p.Groups()[col.Group], true
		}
	}
	return err
}

func (c *coded) load(b int) (err error) {
	if c.ok {
		c.codes, err = c.group.Codes(b)
	}
	return err
}

func (c *coded) at(i int) (span.Value, bool, error) {
	if !c.ok {
		return span.Value{}, false, nil
	}
	return c.column.Dict.At(c.codes.At(i))
}

// seek loads the batch of a row and returns the row's place in it.
func (r *summaryReader) seek(row int) (i int, err error) {
	b := row / r.part.BatchRows()
	if b != r.batch {
		r.batch, r.base = -1, b*r.part.BatchRows()
		if r.starts, err = r.part.Starts(b); err != nil {
			return 0, err
		}
		if r.durations, err = r.part.Durations(b); err != nil {
			return 0, err
		}
		for _, c := range []*coded{&r.name, &r.service, &r.status, &r.hasParent} {
			if err = c.load(b); err != nil {
				return 0, err
			}
		}
		r.batch = b
	}
	return row - r.base, nil
}

func (r *summaryReader) times(i int) (start, end uint64) {
	start = r.starts[i]
	return start, max(start, start+uint64(r.durations[i]))
}

func (r *summaryReader) isError(i int) (bool, error) {
	v, _, err := r.status.at(i)
	return v.Int() == int64(span.StatusError), err
}

func (r *summaryReader) isRoot(i int) (bool, error) {
	if r.hasParent.ok {
		v, _, err := r.hasParent.at(i)
		return !v.Bool(), err
	}
	parents, err := r.part.Parents(r.batch)
	if err != nil {
		return false, err
	}
	return parents[i].IsZero(), nil
}

// add takes one row into the summary.
func (r *summaryReader) add(s *summary, row int) error {
	i, err := r.seek(row)
	if err != nil {
		return err
	}
	start, end := r.times(i)
	if s.Spans == 0 {
		s.Start, s.End = start, end
	}
	s.Start, s.End = min(s.Start, start), max(s.End, end)
	s.Spans++
	failed, err := r.isError(i)
	if err != nil {
		return err
	}
	if failed {
		s.Errors++
	}
	root, err := r.isRoot(i)
	if err != nil {
		return err
	}
	return r.nameBy(s, i, root, start)
}

// nameBy names the trace after this row if it comes before what names it now:
// any root before any other span, then the earlier one.
func (r *summaryReader) nameBy(s *summary, i int, root bool, start uint64) error {
	if s.HasRoot && !root {
		return nil
	}
	ids, err := r.part.SpanIDs(r.batch)
	if err != nil {
		return err
	}
	if s.named && s.HasRoot == root {
		if start > s.namedStart || start == s.namedStart && ids[i].Compare(s.namedID) >= 0 {
			return nil
		}
	}
	s.HasRoot, s.named, s.namedStart, s.namedID = root, true, start, ids[i]
	name, _, err := r.name.at(i)
	if err != nil {
		return err
	}
	service, ok, err := r.service.at(i)
	s.RootName, s.RootService = name.Str(), service.Str()
	if err != nil || ok || !r.service.rare {
		return err
	}
	spans, err := r.part.Fetch([]uint32{uint32(r.base + i)})
	if err == nil {
		s.RootService = spans[0].ServiceName()
	}
	return err
}

// extend takes one row into an extent.
func (r *summaryReader) extend(e *query.Extent, row int) error {
	i, err := r.seek(row)
	if err != nil {
		return err
	}
	start, end := r.times(i)
	if e.Spans == 0 {
		e.Start, e.End = start, end
	}
	e.Start, e.End = min(e.Start, start), max(e.End, end)
	e.Spans++
	failed, err := r.isError(i)
	if failed {
		e.Errors++
	}
	return err
}
