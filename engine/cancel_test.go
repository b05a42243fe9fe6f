package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// work counts what a question costs, in nanoseconds as one might guess them,
// and how much lies between two looks at the context.
type work struct {
	context.Context
	looks  int
	cancel int // the look at which the context is done; 0 for never
	since  int
	gap    int // the most between two looks
}

// Err implements context.Context: it is done from one look on.
func (w *work) Err() error {
	w.gap = max(w.gap, w.since)
	w.since = 0
	if w.looks++; w.cancel > 0 && w.looks >= w.cancel {
		return context.Canceled
	}
	return nil
}

func (w *work) did(ns int) { w.since += ns }

// Guesses at what things cost.
const (
	costFetch = 1000 // a row that is assembled
	costFind  = 500  // a trace that is looked up
	costRow   = 100  // a row of a trace
	costValue = 30   // a value of a dictionary
	costCell  = 3    // a row of a column
)

// watched is a part that counts what is asked of it.
type watched struct {
	plan.Part
	*work
}

func watch(parts []plan.Part, w *work) []plan.Part {
	var out []plan.Part
	for _, p := range parts {
		out = append(out, watched{p, w})
	}
	return out
}

func (p watched) batch() { p.did(costCell * p.BatchRows()) }

func (p watched) Starts(b int) ([]uint64, error)       { p.batch(); return p.Part.Starts(b) }
func (p watched) Durations(b int) ([]int64, error)     { p.batch(); return p.Part.Durations(b) }
func (p watched) SpanIDs(b int) ([]span.SpanID, error) { p.batch(); return p.Part.SpanIDs(b) }
func (p watched) Parents(b int) ([]span.SpanID, error) { p.batch(); return p.Part.Parents(b) }
func (p watched) TraceCodes(b int) ([]uint32, error)   { p.batch(); return p.Part.TraceCodes(b) }

func (p watched) FindTrace(id span.TraceID) (uint32, bool, error) {
	p.did(costFind)
	return p.Part.FindTrace(id)
}

func (p watched) AppendTraceRows(dst []uint32, code uint32) ([]uint32, error) {
	out, err := p.Part.AppendTraceRows(dst, code)
	p.did(costRow * (len(out) - len(dst)))
	return out, err
}

func (p watched) Fetch(rows []uint32) ([]*span.Span, error) {
	p.did(costFetch * len(rows))
	return p.Part.Fetch(rows)
}

func (p watched) Groups() []plan.Group {
	groups := slices.Clone(p.Part.Groups())
	for i, g := range groups {
		groups[i] = watchedGroup{g, p}
	}
	return groups
}

func (p watched) Columns(f query.Field) ([]plan.Column, error) {
	cols, err := p.Part.Columns(f)
	cols = slices.Clone(cols)
	for i, c := range cols {
		if text, ok := c.Dict.(plan.TextDict); ok {
			cols[i].Dict = watchedText{watchedDict{text, p.work}, text}
		} else if c.Dict != nil {
			cols[i].Dict = watchedDict{c.Dict, p.work}
		}
	}
	return cols, err
}

type watchedGroup struct {
	plan.Group
	part watched
}

func (g watchedGroup) Codes(b int) (plan.Codes, error) { g.part.batch(); return g.Group.Codes(b) }
func (g watchedGroup) Lists(b int) (plan.Lists, error) { g.part.batch(); return g.Group.Lists(b) }

type watchedDict struct {
	plan.Dict
	*work
}

func (d watchedDict) Each(fn func(uint32, span.Value) bool) error {
	return d.Dict.Each(func(code uint32, v span.Value) bool {
		d.did(costValue)
		return fn(code, v)
	})
}

func (d watchedDict) At(code uint32) (span.Value, bool, error) {
	d.did(costValue)
	return d.Dict.At(code)
}

type watchedText struct {
	watchedDict
	text plan.TextDict
}

func (d watchedText) EachContaining(s string, fn func(uint32, string) bool) error {
	return d.text.EachContaining(s, func(code uint32, v string) bool {
		d.did(costValue)
		return fn(code, v)
	})
}

// cancelStore holds many rows in small batches: segments, of which traces lie
// in several, and a head.
func cancelStore(t *testing.T) *Store {
	t.Helper()
	rows := uint64(100_000)
	if testing.Short() {
		rows = 30_000
	}
	s, err := Open(Options{Inline: true, SealRows: int(rows) / 4, MergeFactor: 1, BatchRows: 256, SealAge: -1})
	if err != nil {
		t.Fatal(err)
	}
	resource := &span.Resource{Attributes: []span.KeyValue{{Key: "service.name", Value: span.String("shop")}}}
	var spans []*span.Span
	for n := range rows + rows/8 {
		sp := numbered(n)
		sp.Resource = resource
		sp.TraceID[15] = byte(n % 7)
		sp.Attributes = append(sp.Attributes, span.KeyValue{Key: "user.id", Value: span.String(fmt.Sprint("user-", n*7919%rows))})
		if n%4 == 0 {
			sp.Events = []span.Event{{Name: "e", Attributes: []span.KeyValue{{Key: "k", Value: span.Int(int64(n % 9))}}}}
		}
		if spans = append(spans, sp); len(spans) == 1000 {
			if _, err := s.Append(context.Background(), "", otlp.AppendRequest(nil, spans)); err != nil {
				t.Fatal(err)
			}
			spans = spans[:0]
		}
	}
	if st := s.Health().Workspaces[0]; st.Segments < 4 || st.HeadRows == 0 {
		t.Fatalf("%+v", st)
	}
	return s
}

// longQuestions are of every kind, and all look at every row or value.
func longQuestions(t *testing.T) []question {
	t.Helper()
	pattern, err := query.NewCompare(query.Compare{Field: query.Attr(query.ScopeSpan, "user.id"), Op: query.OpRegexp, Values: []span.Value{span.String("(u|s|e|r)+-.*[13579]+$")}})
	if err != nil {
		t.Fatal(err)
	}
	wide := query.Not{X: query.Cmp(query.Attr(query.ScopeSpan, "n"), query.OpEq, query.Typed, span.Int(-1))}
	events := query.Exists{Field: query.Attr(query.ScopeEvent, "k")}
	user := query.Attr(query.ScopeSpan, "user.id")
	var qs []question
	add := func(name string, ask func(ctx context.Context, parts []plan.Part, opt plan.Options) error) {
		qs = append(qs, question{name, func(ctx context.Context, parts []plan.Part, opt plan.Options) ([]byte, error) {
			return nil, ask(ctx, parts, opt)
		}})
	}
	for name, f := range map[string]query.Expr{
		"all": nil, "pattern": pattern, "wide": wide, "events": events,
		"text": query.Cmp(user, query.OpContains, query.Text, span.String("7")),
	} {
		for order := range query.OrderEnd {
			add(fmt.Sprint("spans ", name, order), func(ctx context.Context, parts []plan.Part, opt plan.Options) error {
				_, err := plan.Spans(ctx, parts, opt, query.Spans{Filter: f, Order: order, Descending: true, Limit: query.MaxLimit, Total: true})
				return err
			})
		}
		add("each "+name, func(ctx context.Context, parts []plan.Part, opt plan.Options) error {
			return plan.Each(ctx, parts, opt, query.Spans{Filter: f}, func(*span.Span) bool { return true })
		})
		for order := range query.OrderEnd + 1 {
			add(fmt.Sprint("traces ", name, order), func(ctx context.Context, parts []plan.Part, opt plan.Options) error {
				_, err := plan.Traces(ctx, parts, opt, query.Traces{Filter: f, Focus: f, Order: order, Descending: true, Limit: 1000, Total: true})
				return err
			})
		}
		add("traces with a duration "+name, func(ctx context.Context, parts []plan.Part, opt plan.Options) error {
			_, err := plan.Traces(ctx, parts, opt, query.Traces{Filter: f, MinDuration: 1 << 60, Descending: true, Limit: 10})
			return err
		})
		add("heatmap "+name, func(ctx context.Context, parts []plan.Part, opt plan.Options) error {
			_, err := plan.Heatmap(ctx, parts, opt, query.Heatmap{Filter: f, Step: 1000, Cells: 10})
			return err
		})
		add("keys "+name, func(ctx context.Context, parts []plan.Part, opt plan.Options) error {
			_, err := plan.Keys(ctx, parts, opt, query.Keys{Filter: query.And{f, query.Not{X: query.Exists{Field: user}}}})
			return err
		})
		for _, field := range []query.Field{user, query.Attr(query.ScopeSpan, "n"), query.Attr(query.ScopeAny, "k"), query.TraceID, query.Name} {
			add(fmt.Sprint("values ", field, name), func(ctx context.Context, parts []plan.Part, opt plan.Options) error {
				_, err := plan.Values(ctx, parts, opt, query.Values{Filter: f, Field: field, Limit: 10})
				return err
			})
		}
		add("count "+name, func(ctx context.Context, parts []plan.Part, opt plan.Options) error {
			_, err := plan.Count(ctx, parts, opt, query.Count{Filter: f})
			return err
		})
	}
	return qs
}

// mostWork is what may lie between two looks at the context: some milliseconds.
const mostWork = 10e6

// TestCancel: a question looks at its context all the while, and ends with its
// error as soon as the context is done.
func TestCancel(t *testing.T) {
	s := cancelStore(t)
	v, err := s.View("")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for _, opt := range []plan.Options{{NoIndex: true}, {}} {
		for _, q := range longQuestions(t) {
			whole := &work{Context: context.Background()}
			if _, err := q.ask(whole, watch(v.Parts(), whole), opt); err != nil {
				t.Fatalf("%s: %v", q.name, err)
			}
			if gap := max(whole.gap, whole.since); gap > mostWork {
				t.Errorf("%s, index %v: looks at the context %d times, up to %.1f ms apart", q.name, !opt.NoIndex, whole.looks, float64(gap)/1e6)
			}
			for _, at := range []int{1, whole.looks / 2} {
				if at == 0 || at > whole.looks {
					continue // answered without a look
				}
				w := &work{Context: context.Background(), cancel: at}
				_, err := q.ask(w, watch(v.Parts(), w), opt)
				if !errors.Is(err, context.Canceled) || errors.Is(err, query.ErrCorrupt) {
					t.Errorf("%s, index %v: cancelled at look %d of %d, gave %v", q.name, !opt.NoIndex, at, whole.looks, err)
				}
				if w.looks > at+8 || w.since > mostWork {
					t.Errorf("%s, index %v: went on for %d looks and %.1f ms", q.name, !opt.NoIndex, w.looks-at, float64(w.since)/1e6)
				}
			}
		}
	}
}
