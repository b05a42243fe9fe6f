package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
)

// crashHistory appends, seals, merges and deletes until a step fails. It
// returns the request or the trace of the step that failed, if it was one.
func (h *history) crashHistory(steps int) (unsure []*span.Span, gone span.TraceID, err error) {
	if err := h.open(); err != nil {
		return nil, gone, err
	}
	for i := range steps {
		switch {
		case i%7 == 6:
			id := h.pool[h.r.IntN(len(h.pool))].TraceID
			if _, err := h.store.DeleteTraces(context.Background(), DefaultWorkspace, []span.TraceID{id}); err != nil {
				return nil, id, err
			}
			h.model.delete(id)
		default:
			spans := h.some(6)
			if _, err := h.store.Append(context.Background(), DefaultWorkspace, otlp.AppendRequest(nil, spans)); err != nil {
				return spans, gone, err
			}
			h.model.append(spans)
		}
		if err := h.store.workspaces[DefaultWorkspace].bgErr; err != nil {
			return nil, gone, err
		}
	}
	return nil, gone, h.store.Close()
}

// TestCrashEverywhere: power fails at every operation of a history in turn.
// After it is opened again the store holds every acknowledged span, once, and
// of the request under way all or nothing. With SPANSTEAD_EXHAUSTIVE set every
// operation is tried, else every third.
func TestCrashEverywhere(t *testing.T) {
	stride := 3 // each history begins one further, so that no kind of operation is left out
	switch {
	case os.Getenv("SPANSTEAD_EXHAUSTIVE") != "":
		stride = 1
	case testing.Short():
		stride = 11
	}
	for seed := range uint64(3) {
		for at := 1 + int(seed)%stride; ; at += stride {
			done, err := crashAt(seed, at)
			if err != nil {
				t.Fatalf("seed %d, operation %d: %v", seed, at, err)
			}
			if done {
				t.Logf("seed %d: %d operations", seed, at)
				break
			}
		}
	}
}

func crashAt(seed uint64, at int) (done bool, err error) {
	mem := disk.NewMem()
	faulty := disk.NewFaulty(mem, nil)
	faulty.CrashAt(at)
	h := newHistory(seed, faulty)
	h.opt.SealRows, h.opt.Log = 5, quiet()
	unsure, gone, err := h.crashHistory(40)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, disk.ErrCrashed) && !errors.Is(err, query.ErrReadOnly) {
		return false, err
	}
	for _, fate := range []uint64{disk.CrashLosesAll, disk.CrashKeepsAll, uint64(at) + 100} {
		h.opt.disk = mem.Crash(fate)
		if err := h.reopened(unsure, gone); err != nil {
			return false, fmt.Errorf("fate %d: %w", fate, err)
		}
	}
	return false, nil
}

// reopened opens what is left and compares it with the model, with and without
// what was under way. Then it opens it again: recovery leaves nothing behind.
func (h *history) reopened(unsure []*span.Span, gone span.TraceID) error {
	want := map[string]bool{fingerprint(h.model.spans): true}
	if unsure != nil {
		after := model{}
		after.append(h.model.spans)
		after.append(unsure)
		want[fingerprint(after.spans)] = true
	}
	if !gone.IsZero() {
		after := model{}
		after.append(h.model.spans)
		after.delete(gone)
		want[fingerprint(after.spans)] = true
	}
	for i := range 2 {
		if err := h.open(); err != nil {
			return fmt.Errorf("opening, time %d: %w", i, err)
		}
		page, err := h.store.Spans(context.Background(), DefaultWorkspace, query.Spans{Limit: 10_000})
		if err != nil {
			return err
		}
		if !want[fingerprint(page.Spans)] {
			all := oracle.Spans(h.model.spans, query.Spans{Limit: 10_000})
			return fmt.Errorf("opened, time %d: %d spans of %d (-acknowledged +found)\n%s", i, len(page.Spans), len(h.model.spans),
				cmp.Diff(keysOf(all.Spans), keysOf(page.Spans)))
		}
		if err := h.store.Close(); err != nil {
			return err
		}
	}
	return nil
}

func fingerprint(spans []*span.Span) string {
	page := oracle.Spans(spans, query.Spans{Limit: 100_000})
	return string(otlp.AppendRequest(nil, enginetest.CanonicalAll(page.Spans)))
}

func keysOf(spans []*span.Span) []string {
	var out []string
	for _, s := range spans {
		out = append(out, fmt.Sprint(s.TraceID, s.SpanID))
	}
	return out
}
