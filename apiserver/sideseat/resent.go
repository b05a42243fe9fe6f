package sideseat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// The service keeps a span that is sent again under the same ids as a second
// row. It shows the first, but counts both when it totals a list of traces and
// when it offers values to filter by. The store keeps the first alone; in
// observed fidelity the others are kept as documents, for those two counts.
const resentCollection = "sideseat.resent"

// keepResent finds the spans of a request whose ids are already there with
// other contents, and keeps them. It runs before the request is appended.
func (a *Adapter) keepResent(ctx context.Context, project string, body []byte) error {
	spans, _, err := otlp.DecodeSpans(body)
	if err != nil || len(spans) == 0 {
		return nil // the store will say what is wrong
	}
	first, err := a.stored(ctx, project, spans)
	if err != nil {
		return err
	}
	for _, s := range spans {
		key := spanKey(s)
		kept := first[key]
		if kept == nil {
			first[key] = s
			continue
		}
		doc := otlp.AppendRequest(nil, []*span.Span{s})
		if bytes.Equal(doc, otlp.AppendRequest(nil, []*span.Span{kept})) {
			continue
		}
		sum := sha256.Sum256(doc)
		id := key + "/" + hex.EncodeToString(sum[:8])
		if err := a.opt.Store.PutDocument(ctx, project, resentCollection, id, doc); err != nil {
			return err
		}
	}
	return nil
}

func spanKey(s *span.Span) string { return s.TraceID.String() + "/" + s.SpanID.String() }

// stored reads those of the spans that the store has.
func (a *Adapter) stored(ctx context.Context, project string, spans []*span.Span) (map[string]*span.Span, error) {
	wanted := make(map[string]bool, len(spans))
	var ids []span.TraceID
	for _, s := range spans {
		wanted[spanKey(s)] = true
		ids = append(ids, s.TraceID)
	}
	slices.SortFunc(ids, span.TraceID.Compare)
	found := map[string]*span.Span{}
	for part := range slices.Chunk(slices.Compact(ids), chunk) {
		err := a.opt.Store.Each(ctx, project, query.Spans{Filter: inTraces(part)}, func(s *span.Span) bool {
			if key := spanKey(s); wanted[key] {
				found[key] = s
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// resent reads what was kept; none in documented fidelity.
func (a *Adapter) resent(ctx context.Context, project string) ([]*item, error) {
	if !a.observed() {
		return nil, nil
	}
	docs, err := a.opt.Store.ListDocuments(ctx, project, resentCollection)
	if err != nil {
		return nil, err
	}
	var items []*item
	for _, d := range docs {
		spans, _, err := otlp.DecodeSpans(d.Body)
		if err != nil {
			return nil, err
		}
		for _, s := range spans {
			items = append(items, a.item(s))
		}
	}
	return items, nil
}

// countResent is how many traces are counted for a span that was sent again,
// and for no other.
func (a *Adapter) countResent(ctx context.Context, project string, sel *selection) (int, error) {
	items, err := a.resent(ctx, project)
	if err != nil {
		return 0, err
	}
	counted := map[span.TraceID]bool{}
	for _, it := range items {
		if id := it.Raw.TraceID; !counted[id] && sel.matches(it) {
			alone := *sel
			alone.traces = []span.TraceID{id}
			found, err := a.tracesOf(ctx, project, &alone)
			if err != nil {
				return 0, err
			}
			counted[id] = len(found) == 0
		}
	}
	n := 0
	for _, only := range counted {
		if only {
			n++
		}
	}
	return n, nil
}

// countResentSpans is how many spans are counted for a second sending alone.
func (a *Adapter) countResentSpans(ctx context.Context, project string, sel *selection) (int, error) {
	items, err := a.resent(ctx, project)
	if err != nil || len(items) == 0 {
		return 0, err
	}
	again := map[string]*item{}
	for _, it := range items {
		if sel.matches(it) {
			again[spanKey(it.Raw)] = it
		}
	}
	n := 0
	for _, it := range again {
		first, err := a.stored(ctx, project, []*span.Span{it.Raw})
		if err != nil {
			return 0, err
		}
		if s := first[spanKey(it.Raw)]; s == nil || !sel.matches(a.item(s)) {
			n++
		}
	}
	return n, nil
}

// dropResent forgets what was kept of deleted traces.
func (a *Adapter) dropResent(ctx context.Context, project string, ids []span.TraceID) error {
	if !a.observed() {
		return nil
	}
	docs, err := a.opt.Store.ListDocuments(ctx, project, resentCollection)
	if err != nil {
		return err
	}
	for _, d := range docs {
		trace, _, _ := strings.Cut(d.ID, "/")
		if !slices.ContainsFunc(ids, func(id span.TraceID) bool { return id.String() == trace }) {
			continue
		}
		err := a.opt.Store.DeleteDocument(ctx, project, resentCollection, d.ID)
		if err != nil && !errors.Is(err, query.ErrNotFound) {
			return err
		}
	}
	return nil
}
