package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
)

var same = cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b span.Value) bool { return a.Equal(b) })}

type spanKey struct {
	trace span.TraceID
	span  span.SpanID
}

// model is what a store must hold: a plain slice.
type model struct {
	spans []*span.Span
	at    map[spanKey]bool
}

func (m *model) append(spans []*span.Span) {
	if m.at == nil {
		m.at = map[spanKey]bool{}
	}
	for _, s := range spans {
		if k := (spanKey{s.TraceID, s.SpanID}); !m.at[k] {
			m.at[k] = true
			m.spans = append(m.spans, enginetest.Canonical(s))
		}
	}
}

func (m *model) delete(id span.TraceID) bool {
	n := len(m.spans)
	m.spans = slices.DeleteFunc(m.spans, func(s *span.Span) bool {
		if s.TraceID != id {
			return false
		}
		delete(m.at, spanKey{s.TraceID, s.SpanID})
		return true
	})
	return len(m.spans) < n
}

// history runs random steps on a store and a model.
type history struct {
	r     *rand.Rand
	fs    disk.FS
	opt   Options
	store *Store
	pool  []*span.Span // spans that are sent, some of them again
	model model
}

func newHistory(seed uint64, fs disk.FS) *history {
	r := rand.New(rand.NewPCG(seed, 7))
	h := &history{r: r, fs: fs, pool: enginetest.Spans(r, 150)}
	h.opt = Options{
		disk: fs, Inline: true, salt: 1, SealAge: -1, MergeRows: 60, MergeFactor: 2 + r.IntN(2),
		SealRows: []int{1, 3, 20, 1000}[r.IntN(4)], BatchRows: []int{1, 4, 65536}[r.IntN(3)],
		Columns: []int{0, 4}[r.IntN(2)], NoIndex: r.IntN(3) == 0,
		Now: func() time.Time { return time.Unix(0, int64(enginetest.Base)) },
	}
	return h
}

func (h *history) open() (err error) {
	h.store, err = Open(h.opt)
	return err
}

// some picks a request's spans, often neighbours, sometimes sent before.
func (h *history) some(size int) []*span.Span {
	from := h.r.IntN(len(h.pool))
	out := slices.Clone(h.pool[from:min(len(h.pool), from+1+h.r.IntN(size))])
	h.r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// step does one thing; what it returns besides an error tells what was
// acknowledged.
func (h *history) step(op uint32) error {
	ctx := context.Background()
	switch op % 16 {
	case 0:
		w := h.store.workspaces[DefaultWorkspace]
		w.mu.Lock()
		defer w.mu.Unlock()
		if err := w.rotate(); err != nil {
			return err
		}
		w.kick()
		return w.bgErr
	case 1, 2:
		id := h.pool[h.r.IntN(len(h.pool))].TraceID
		n, err := h.store.DeleteTraces(ctx, DefaultWorkspace, []span.TraceID{id})
		if err != nil {
			return err
		}
		if had := h.model.delete(id); had != (n == 1) {
			return fmt.Errorf("deleted %d traces, had it %v", n, had)
		}
		return nil
	case 3:
		if err := h.store.Close(); err != nil {
			return err
		}
		return h.open()
	}
	spans := h.some(12)
	res, err := h.store.Append(ctx, "nobody made this", otlp.AppendRequest(nil, spans))
	if err != nil {
		return err
	}
	if res.Accepted != len(spans) || res.Rejected != 0 {
		return fmt.Errorf("accepted %+v of %d", res, len(spans))
	}
	h.model.append(spans)
	return h.store.workspaces[DefaultWorkspace].bgErr
}

// compare asks a few random questions.
func (h *history) compare() error {
	ctx := context.Background()
	all, err := h.store.Spans(ctx, DefaultWorkspace, query.Spans{Limit: 1000, Total: true})
	if err != nil {
		return err
	}
	if d := cmp.Diff(oracle.Spans(h.model.spans, query.Spans{Limit: 1000, Total: true}), all, same); d != "" {
		return fmt.Errorf("all spans (-want +got)\n%s", d)
	}
	for range 3 {
		f, rng := enginetest.Expr(h.r, h.model.spans, 2), enginetest.Range(h.r)
		q := query.Spans{Range: rng, Filter: f, Order: query.Order(h.r.IntN(2)), Descending: h.r.IntN(2) == 0, Limit: h.r.IntN(20), Total: true}
		got, err := h.store.Spans(ctx, DefaultWorkspace, q)
		if err != nil {
			return err
		}
		if d := cmp.Diff(oracle.Spans(h.model.spans, q), got, same); d != "" {
			return fmt.Errorf("spans of %#v (-want +got)\n%s", q, d)
		}
		tq := query.Traces{Range: rng, Filter: f, Descending: true, Limit: h.r.IntN(10), Total: true}
		traces, err := h.store.Traces(ctx, DefaultWorkspace, tq)
		if err != nil {
			return err
		}
		if d := cmp.Diff(oracle.Traces(h.model.spans, tq), traces, same); d != "" {
			return fmt.Errorf("traces of %#v (-want +got)\n%s", tq, d)
		}
	}
	hq := query.Heatmap{Step: 60e9, Cells: 10}
	heat, err := h.store.Heatmap(ctx, DefaultWorkspace, hq)
	if err != nil {
		return err
	}
	want, err := oracle.Heatmap(h.model.spans, hq)
	if d := cmp.Diff(want, heat, same); err != nil || d != "" {
		return fmt.Errorf("heatmap: %w (-want +got)\n%s", err, d)
	}
	return nil
}

// TestHistories: whatever is appended, sealed, merged, deleted and reopened,
// in whatever order, every answer equals the oracle's.
func TestHistories(t *testing.T) {
	params := gopter.DefaultTestParametersWithSeed(20261121)
	params.MinSuccessfulTests = 60
	if testing.Short() {
		params.MinSuccessfulTests = 15
	}
	params.MaxShrinkCount = 10
	properties := gopter.NewProperties(params)
	properties.Property("answers equal the oracle's", prop.ForAll(func(seed uint64, ops []uint32) (bool, error) {
		h := newHistory(seed, disk.NewMem())
		if err := h.open(); err != nil {
			return false, err
		}
		for i, op := range ops {
			if err := h.step(op); err != nil {
				return false, fmt.Errorf("step %d (%d): %w", i, op%16, err)
			}
			if i%4 == 3 {
				if err := h.compare(); err != nil {
					return false, fmt.Errorf("after step %d: %w", i, err)
				}
			}
		}
		return true, errors.Join(h.compare(), h.store.Close())
	}, gen.UInt64(), gen.SliceOfN(24, gen.UInt32())))
	properties.TestingRun(t)
}
