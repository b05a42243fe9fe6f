package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
)

// memory answers every question with package oracle.
type memory struct {
	mu    sync.Mutex
	rooms map[string]*room
}

type room struct {
	spans     []*span.Span
	seen      map[string]bool
	documents map[string]map[string][]byte
}

func newRoom() *room {
	return &room{seen: map[string]bool{}, documents: map[string]map[string][]byte{}}
}

func newMemory() *memory {
	return &memory{rooms: map[string]*room{store.DefaultWorkspace: newRoom()}}
}

func (m *memory) room(name string) *room {
	if r := m.rooms[name]; r != nil {
		return r
	}
	return m.rooms[store.DefaultWorkspace]
}

func (m *memory) all(name string) []*span.Span {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.room(name).spans)
}

func (m *memory) Append(_ context.Context, workspace string, otlp []byte) (store.Appended, error) {
	var req collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(otlp, &req); err != nil {
		return store.Appended{}, fmt.Errorf("%w: %w", query.ErrInvalid, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.room(workspace)
	var a store.Appended
	spans, rejected := spansOf(&req)
	if a.Rejected = rejected; rejected > 0 {
		a.Message = fmt.Sprintf("%d spans without a trace id of 16 bytes and a span id of 8", rejected)
	}
	for _, s := range spans {
		id := s.TraceID.String() + s.SpanID.String()
		if a.Accepted++; !r.seen[id] {
			r.seen[id] = true
			r.spans = append(r.spans, s)
		}
	}
	return a, nil
}

func (m *memory) DeleteTraces(_ context.Context, workspace string, ids []span.TraceID) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.room(workspace)
	gone := map[span.TraceID]bool{}
	kept := r.spans[:0:0]
	for _, s := range r.spans {
		if slices.Contains(ids, s.TraceID) {
			gone[s.TraceID] = true
			delete(r.seen, s.TraceID.String()+s.SpanID.String())
			continue
		}
		kept = append(kept, s)
	}
	r.spans = kept
	return len(gone), nil
}

func (m *memory) Spans(ctx context.Context, workspace string, q query.Spans) (query.SpanPage, error) {
	if err := q.Check(); err != nil {
		return query.SpanPage{}, err
	}
	return oracle.Spans(m.all(workspace), q), ctx.Err()
}

func (m *memory) Each(ctx context.Context, workspace string, q query.Spans, fn func(*span.Span) bool) error {
	if q.Limit == 0 {
		q.Limit = query.MaxLimit
	}
	page, err := m.Spans(ctx, workspace, q)
	for _, s := range page.Spans {
		if !fn(s) {
			break
		}
	}
	return err
}

func (m *memory) Traces(ctx context.Context, workspace string, q query.Traces) (query.TracePage, error) {
	if err := q.Check(); err != nil {
		return query.TracePage{}, err
	}
	return oracle.Traces(m.all(workspace), q), ctx.Err()
}

func (m *memory) Trace(_ context.Context, workspace string, id span.TraceID) ([]*span.Span, error) {
	return oracle.Trace(m.all(workspace), id)
}

func (m *memory) Heatmap(_ context.Context, workspace string, q query.Heatmap) (query.HeatmapAnswer, error) {
	if err := q.Check(); err != nil {
		return query.HeatmapAnswer{}, err
	}
	return oracle.Heatmap(m.all(workspace), q)
}

func (m *memory) Keys(ctx context.Context, workspace string, q query.Keys) ([]query.Key, error) {
	if err := query.Check(q.Filter); err != nil {
		return nil, err
	}
	return oracle.Keys(m.all(workspace), q), ctx.Err()
}

func (m *memory) Values(ctx context.Context, workspace string, q query.Values) ([]query.ValueCount, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	return oracle.Values(m.all(workspace), q), ctx.Err()
}

func (m *memory) Count(ctx context.Context, workspace string, q query.Count) (int, error) {
	if err := query.Check(q.Filter); err != nil {
		return 0, err
	}
	return oracle.Count(m.all(workspace), q), ctx.Err()
}

func (m *memory) PutDocument(_ context.Context, workspace, collection, id string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	docs := m.room(workspace).documents
	if docs[collection] == nil {
		docs[collection] = map[string][]byte{}
	}
	docs[collection][id] = slices.Clone(body)
	return nil
}

func (m *memory) Document(_ context.Context, workspace, collection, id string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, ok := m.room(workspace).documents[collection][id]
	if !ok {
		return nil, fmt.Errorf("document %q in %q: %w", id, collection, query.ErrNotFound)
	}
	return slices.Clone(body), nil
}

func (m *memory) DeleteDocument(ctx context.Context, workspace, collection, id string) error {
	if _, err := m.Document(ctx, workspace, collection, id); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.room(workspace).documents[collection], id)
	return nil
}

func (m *memory) ListDocuments(_ context.Context, workspace, collection string) ([]store.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var docs []store.Document
	for id, body := range m.room(workspace).documents[collection] {
		docs = append(docs, store.Document{ID: id, Body: slices.Clone(body)})
	}
	slices.SortFunc(docs, func(a, b store.Document) int { return strings.Compare(a.ID, b.ID) })
	return docs, nil
}

func (m *memory) CreateWorkspace(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rooms[name] == nil {
		m.rooms[name] = newRoom()
	}
	return nil
}

func (m *memory) DeleteWorkspace(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rooms[name] == nil {
		return fmt.Errorf("workspace %q: %w", name, query.ErrNotFound)
	}
	delete(m.rooms, name)
	if name == store.DefaultWorkspace {
		m.rooms[name] = newRoom()
	}
	return nil
}

func (m *memory) ListWorkspaces(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for name := range m.rooms {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}
