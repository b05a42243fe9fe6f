package sideseat

import (
	"cmp"
	"slices"

	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
	"github.com/spanstead/spanstead/apiserver/sideseat/filter"
	"github.com/spanstead/spanstead/engine/span"
)

// item is a span with its row and the ids that it is shown with.
type item struct {
	*derive.Span
	traceID, spanID string
	parent          *string
	shown           *preview // nil until it is asked for
}

type preview struct{ input, output *string }

func (it *item) preview() preview {
	if it.shown == nil {
		it.shown = &preview{}
		it.shown.input, it.shown.output = it.Previews()
	}
	return *it.shown
}

func (a *Adapter) item(s *span.Span) *item {
	it := &item{Span: a.deriver.Span(s)}
	it.traceID, it.spanID, it.parent = shownIDs(s)
	return it
}

func (it *item) filterRow() *filter.Row {
	return &filter.Row{Span: it.Span, TraceID: it.traceID, SpanID: it.spanID}
}

// trace is all spans of a trace, by start time.
type trace struct {
	items []*item
	leaf  map[*item]bool // whose tokens and costs count
}

// newTrace takes the spans of one trace.
func newTrace(items []*item) *trace {
	slices.SortStableFunc(items, func(a, b *item) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.spanID, b.spanID))
	})
	t := &trace{items: items, leaf: map[*item]bool{}}
	for _, it := range counting(items) {
		t.leaf[it] = true
	}
	return t
}

// counting picks the spans whose tokens make up the trace's total: calls of a
// model with tokens, but not one that only wraps another such call; in a trace
// without any, the roots with tokens.
func counting(items []*item) []*item {
	wraps := map[string]bool{}
	some := false
	for _, it := range items {
		if generates(it) {
			some = true
			if it.parent != nil {
				wraps[*it.parent] = true
			}
		}
	}
	var out []*item
	for _, it := range items {
		switch {
		case some && generates(it) && !wraps[it.spanID]:
			out = append(out, it)
		case !some && it.parent == nil && it.Tokens.Bearing():
			out = append(out, it)
		}
	}
	return out
}

func generates(it *item) bool {
	return it.Observation == derive.ObservationGeneration && it.Tokens.Bearing()
}

// totals sums the tokens and costs of the spans that count and match.
func (t *trace) totals(match func(*item) bool) (tokens derive.Tokens, costs derive.Costs) {
	for _, it := range t.items {
		if t.leaf[it] && (match == nil || match(it)) {
			tokens.Add(it.Tokens)
			costs.Add(it.Costs)
		}
	}
	return tokens, costs
}

// row is the trace in a list; its tokens and costs are of matching spans alone.
func (t *trace) row(match func(*item) bool) traceRow {
	tokens, costs := t.totals(match)
	head := t.head()
	r := traceRow{
		TraceID: head.traceID, TraceName: head.Raw.Name, SpanCount: len(t.items),
		tokenFields: tokensOf(tokens), costFields: costsOf(costs), Tags: []string{},
	}
	start, end := t.extent()
	r.StartTime, r.EndTime, r.DurationMS = stamp(start), stamp(end), (end-start)/1000
	for _, it := range t.items {
		r.SessionID = cmp.Or(r.SessionID, it.SessionID)
		r.UserID = cmp.Or(r.UserID, it.UserID)
		r.Environment = cmp.Or(r.Environment, it.Environment)
		if r.Metadata == nil {
			r.Metadata = it.Metadata
		}
		for _, tag := range it.Tags {
			if !slices.Contains(r.Tags, tag) {
				r.Tags = append(r.Tags, tag)
			}
		}
		if it.IsObservation() {
			r.ObservationCount++
		}
		r.HasError = r.HasError || it.Raw.Status.Code == span.StatusError
	}
	r.InputPreview, r.OutputPreview = t.previews(head)
	return r
}

// head is the earliest root, or the earliest span where no root is there.
func (t *trace) head() *item {
	for _, it := range t.items {
		if it.parent == nil {
			return it
		}
	}
	return t.items[0]
}

// extent is the earliest start and the latest end; a trace in which no span
// ended ends where it starts.
func (t *trace) extent() (start, end int64) {
	start, ended := t.items[0].Start, false
	for _, it := range t.items {
		if it.HasEnd && (!ended || it.End > end) {
			end, ended = it.End, true
		}
	}
	if !ended {
		end = start
	}
	return start, end
}

// previews are the root's own, else the first thing that went in anywhere and
// the last that came out.
func (t *trace) previews(head *item) (input, output *string) {
	if head.parent == nil {
		input, output = head.preview().input, head.preview().output
	}
	if input == nil {
		for i := 0; i < len(t.items) && input == nil; i++ {
			input = t.items[i].preview().input
		}
	}
	if output == nil {
		for i := len(t.items) - 1; i >= 0 && output == nil; i-- {
			output = t.items[i].preview().output
		}
	}
	return input, output
}

func (it *item) row() spanRow {
	r := spanRow{
		TraceID: it.traceID, SpanID: it.spanID, ParentSpanID: it.parent, SpanName: it.Raw.Name, SpanKind: it.Raw.Kind.String(),
		SpanCategory: it.Category, Observation: it.Observation, Framework: it.Framework, StatusCode: it.Status,
		TimestampStart: stamp(it.Start), DurationMS: it.DurationMS, Environment: it.Environment, SessionID: it.SessionID,
		UserID: it.UserID, Model: it.Model, GenAISystem: it.System, AgentName: it.Agent, FinishReasons: it.FinishReasons,
		tokenFields: tokensOf(it.Tokens), costFields: costsOf(it.Costs),
		EventCount: len(it.Raw.Events), LinkCount: len(it.Raw.Links), InputPreview: it.preview().input, OutputPreview: it.preview().output,
	}
	if it.HasEnd {
		end := stamp(it.End)
		r.TimestampEnd = &end
	}
	return r
}

func (it *item) rowWithRaw(project string, raw bool) spanRow {
	r := it.row()
	if raw {
		r.RawSpan = rawOf(project, it.Raw)
	}
	return r
}
