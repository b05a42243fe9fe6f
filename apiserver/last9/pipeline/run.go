package pipeline

import (
	"fmt"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Bounds on what one run holds; beyond them it ends with query.ErrInvalid.
const (
	MaxGroups = 100_000
	MaxKept   = 4_000_000 // numbers kept for medians and quantiles
)

// Run is one passage of rows through a pipeline's stages. It is not safe for
// concurrent use.
type Run struct {
	first step
	// Range is the time range that was asked for; $rate divides by it.
	Range query.Range

	kept int
}

// Start begins a run whose rows go to emit, which returns false when it wants
// no more. Rows are not to be changed and may be kept.
func (p *Pipeline) Start(r query.Range, emit func(row *span.Span) bool) *Run {
	run := &Run{Range: r}
	var next step = sink(emit)
	for i := len(p.stages) - 1; i >= 0; i-- {
		next = p.stages[i].start(run, next)
	}
	run.first = next
	return run
}

// Push hands over a span, which is not changed. more is false when no further
// span can change the outcome.
func (r *Run) Push(s *span.Span) (more bool, err error) { return r.first.push(s) }

// Close says that there are no more spans; what was held back is emitted now.
func (r *Run) Close() error { return r.first.close() }

// keep counts a number that is kept until the end.
func (r *Run) keep() error {
	if r.kept++; r.kept > MaxKept {
		return fmt.Errorf("%w: the pipeline's quantiles take more than %d values: narrow the range or the filter", query.ErrInvalid, MaxKept)
	}
	return nil
}

type sink func(*span.Span) bool

func (emit sink) push(row *span.Span) (bool, error) { return emit(row), nil }
func (sink) close() error                           { return nil }

// filter is a filter or where stage behind another stage.
type filter struct{ e query.Expr }

func (f filter) start(_ *Run, next step) step { return &filtering{f.e, next} }

type filtering struct {
	e    query.Expr
	next step
}

func (f *filtering) push(row *span.Span) (bool, error) {
	if !query.Match(f.e, row) {
		return true, nil
	}
	return f.next.push(row)
}

func (f *filtering) close() error { return f.next.close() }

// mapping is a stage that makes one row of each.
type mapping func(row *span.Span) *span.Span

func (m mapping) start(_ *Run, next step) step { return &mapped{m, next} }

type mapped struct {
	m    mapping
	next step
}

func (m *mapped) push(row *span.Span) (bool, error) { return m.next.push(m.m(row)) }
func (m *mapped) close() error                      { return m.next.close() }

// label is something that a stage found and adds to a row.
type label struct {
	name  string
	value span.Value
}

// withLabels is the row with labels as span attributes, in place of those of
// the same name. The row itself stays as it is.
func withLabels(row *span.Span, labels []label) *span.Span {
	if len(labels) == 0 {
		return row
	}
	named := make(map[string]bool, len(labels))
	for _, l := range labels {
		named[l.name] = true
	}
	c := *row
	c.Attributes = make([]span.KeyValue, 0, len(row.Attributes)+len(labels))
	for _, kv := range row.Attributes {
		if !named[kv.Key] {
			c.Attributes = append(c.Attributes, kv)
		}
	}
	for _, l := range labels {
		c.Attributes = append(c.Attributes, span.KeyValue{Key: l.name, Value: l.value})
	}
	return &c
}
