// Package oraclestore is a store.Store in memory that answers through the
// oracle: slow, obvious, and good enough to develop and test an adapter on.
package oraclestore

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
)

// Store implements store.Store. Make one with New.
type Store struct {
	mu         sync.Mutex
	workspaces map[string]*workspace
}

var _ store.Store = (*Store)(nil)

type workspace struct {
	spans     []*span.Span
	there     map[spanKey]bool
	documents map[documentKey][]byte
}

type spanKey struct {
	trace span.TraceID
	span  span.SpanID
}

type documentKey struct{ collection, id string }

// New returns an empty store with the default workspace.
func New() *Store {
	return &Store{workspaces: map[string]*workspace{store.DefaultWorkspace: newWorkspace()}}
}

func newWorkspace() *workspace {
	return &workspace{there: map[spanKey]bool{}, documents: map[documentKey][]byte{}}
}

// lock returns the named workspace, the default one for an unknown name. The
// caller calls unlock when it is done with it.
func (s *Store) lock(ctx context.Context, name string) (w *workspace, unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	w, ok := s.workspaces[name]
	if !ok {
		w = s.workspaces[store.DefaultWorkspace]
	}
	return w, s.mu.Unlock, nil
}

// Append is told at store.Writer.
func (s *Store) Append(ctx context.Context, workspace string, request []byte) (store.Appended, error) {
	spans, result, err := otlp.DecodeSpans(request)
	if err != nil {
		return store.Appended{}, err
	}
	w, unlock, err := s.lock(ctx, workspace)
	if err != nil {
		return store.Appended{}, err
	}
	defer unlock()
	for _, sp := range spans {
		if key := (spanKey{sp.TraceID, sp.SpanID}); !w.there[key] {
			w.there[key] = true
			w.spans = append(w.spans, sp)
		}
	}
	return result, nil
}

// DeleteTraces is told at store.Writer.
func (s *Store) DeleteTraces(ctx context.Context, workspace string, ids []span.TraceID) (int, error) {
	w, unlock, err := s.lock(ctx, workspace)
	if err != nil {
		return 0, err
	}
	defer unlock()
	gone := map[span.TraceID]bool{}
	w.spans = slices.DeleteFunc(w.spans, func(sp *span.Span) bool {
		if !slices.Contains(ids, sp.TraceID) {
			return false
		}
		gone[sp.TraceID] = true
		delete(w.there, spanKey{sp.TraceID, sp.SpanID})
		return true
	})
	return len(gone), nil
}

// CreateWorkspace is told at store.Workspaces.
func (s *Store) CreateWorkspace(ctx context.Context, name string) error {
	_, unlock, err := s.lock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	if s.workspaces[name] == nil {
		s.workspaces[name] = newWorkspace()
	}
	return nil
}

// DeleteWorkspace is told at store.Workspaces. A name that was not created is
// query.ErrNotFound and leaves the default workspace alone.
func (s *Store) DeleteWorkspace(ctx context.Context, name string) error {
	_, unlock, err := s.lock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	if s.workspaces[name] == nil {
		return fmt.Errorf("workspace %q: %w", name, query.ErrNotFound)
	}
	delete(s.workspaces, name)
	if name == store.DefaultWorkspace {
		s.workspaces[name] = newWorkspace()
	}
	return nil
}

// ListWorkspaces is told at store.Workspaces.
func (s *Store) ListWorkspaces(ctx context.Context) ([]string, error) {
	_, unlock, err := s.lock(ctx, store.DefaultWorkspace)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return slices.Sorted(maps.Keys(s.workspaces)), nil
}

// PutDocument is told at store.Documents.
func (s *Store) PutDocument(ctx context.Context, workspace, collection, id string, body []byte) error {
	w, unlock, err := s.lock(ctx, workspace)
	if err != nil {
		return err
	}
	defer unlock()
	w.documents[documentKey{collection, id}] = bytes.Clone(body)
	return nil
}

// Document is told at store.Documents.
func (s *Store) Document(ctx context.Context, workspace, collection, id string) ([]byte, error) {
	w, unlock, err := s.lock(ctx, workspace)
	if err != nil {
		return nil, err
	}
	defer unlock()
	body, ok := w.documents[documentKey{collection, id}]
	if !ok {
		return nil, fmt.Errorf("document %q of %q: %w", id, collection, query.ErrNotFound)
	}
	return bytes.Clone(body), nil
}

// DeleteDocument is told at store.Documents.
func (s *Store) DeleteDocument(ctx context.Context, workspace, collection, id string) error {
	w, unlock, err := s.lock(ctx, workspace)
	if err != nil {
		return err
	}
	defer unlock()
	key := documentKey{collection, id}
	if _, ok := w.documents[key]; !ok {
		return fmt.Errorf("document %q of %q: %w", id, collection, query.ErrNotFound)
	}
	delete(w.documents, key)
	return nil
}

// ListDocuments is told at store.Documents.
func (s *Store) ListDocuments(ctx context.Context, workspace, collection string) ([]store.Document, error) {
	w, unlock, err := s.lock(ctx, workspace)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var found []store.Document
	for key, body := range w.documents {
		if key.collection == collection {
			found = append(found, store.Document{ID: key.id, Body: bytes.Clone(body)})
		}
	}
	slices.SortFunc(found, func(a, b store.Document) int { return strings.Compare(a.ID, b.ID) })
	return found, nil
}

// ListCollections is told at store.Documents.
func (s *Store) ListCollections(ctx context.Context, workspace string) ([]string, error) {
	w, unlock, err := s.lock(ctx, workspace)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var names []string
	for key := range w.documents {
		names = append(names, key.collection)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// snapshot returns the spans of a workspace. They are shared: answers that
// hand them out clone them first.
func (s *Store) snapshot(ctx context.Context, workspace string) ([]*span.Span, error) {
	w, unlock, err := s.lock(ctx, workspace)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return slices.Clone(w.spans), nil
}

// Spans is told at store.Reader.
func (s *Store) Spans(ctx context.Context, workspace string, q query.Spans) (query.SpanPage, error) {
	if err := q.Check(); err != nil {
		return query.SpanPage{}, err
	}
	all, err := s.snapshot(ctx, workspace)
	if err != nil {
		return query.SpanPage{}, err
	}
	answer := oracle.Spans(all, q)
	answer.Spans = clone(answer.Spans)
	return answer, nil
}

// Each is told at store.Reader.
func (s *Store) Each(ctx context.Context, workspace string, q query.Spans, fn func(*span.Span) bool) error {
	if err := q.Check(); err != nil {
		return err
	}
	all, err := s.snapshot(ctx, workspace)
	if err != nil {
		return err
	}
	if q.Limit == 0 {
		q.Limit = len(all)
	}
	for _, sp := range clone(oracle.Spans(all, q).Spans) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !fn(sp) {
			return nil
		}
	}
	return nil
}

// Traces is told at store.Reader.
func (s *Store) Traces(ctx context.Context, workspace string, q query.Traces) (query.TracePage, error) {
	if err := q.Check(); err != nil {
		return query.TracePage{}, err
	}
	all, err := s.snapshot(ctx, workspace)
	if err != nil {
		return query.TracePage{}, err
	}
	return oracle.Traces(all, q), nil
}

// Trace is told at store.Reader.
func (s *Store) Trace(ctx context.Context, workspace string, id span.TraceID) ([]*span.Span, error) {
	all, err := s.snapshot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	found, err := oracle.Trace(all, id)
	return clone(found), err
}

// Heatmap is told at store.Reader.
func (s *Store) Heatmap(ctx context.Context, workspace string, q query.Heatmap) (query.HeatmapAnswer, error) {
	if err := q.Check(); err != nil {
		return query.HeatmapAnswer{}, err
	}
	all, err := s.snapshot(ctx, workspace)
	if err != nil {
		return query.HeatmapAnswer{}, err
	}
	return oracle.Heatmap(all, q)
}

// Keys is told at store.Reader.
func (s *Store) Keys(ctx context.Context, workspace string, q query.Keys) ([]query.Key, error) {
	if err := query.Check(q.Filter); err != nil {
		return nil, err
	}
	all, err := s.snapshot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	return oracle.Keys(all, q), nil
}

// Values is told at store.Reader.
func (s *Store) Values(ctx context.Context, workspace string, q query.Values) ([]query.ValueCount, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	all, err := s.snapshot(ctx, workspace)
	if err != nil {
		return nil, err
	}
	return oracle.Values(all, q), nil
}

// Count is told at store.Reader.
func (s *Store) Count(ctx context.Context, workspace string, q query.Count) (int, error) {
	if err := query.Check(q.Filter); err != nil {
		return 0, err
	}
	all, err := s.snapshot(ctx, workspace)
	if err != nil {
		return 0, err
	}
	return oracle.Count(all, q), nil
}

// clone copies spans and their lists, but not their resources and scopes.
func clone(spans []*span.Span) []*span.Span {
	var copies []*span.Span
	for _, s := range spans {
		c := *s
		c.Attributes = slices.Clone(s.Attributes)
		c.Events = slices.Clone(s.Events)
		for i := range c.Events {
			c.Events[i].Attributes = slices.Clone(c.Events[i].Attributes)
		}
		c.Links = slices.Clone(s.Links)
		for i := range c.Links {
			c.Links[i].Attributes = slices.Clone(c.Links[i].Attributes)
		}
		copies = append(copies, &c)
	}
	return copies
}
