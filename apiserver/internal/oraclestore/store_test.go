package oraclestore

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

func request(spans ...*span.Span) []byte { return otlp.AppendRequest(nil, spans) }

func made(trace, id byte, name string) *span.Span {
	return &span.Span{
		TraceID: span.TraceID{trace}, SpanID: span.SpanID{id}, Name: name,
		Attributes: []span.KeyValue{{Key: "k", Value: span.Int(1)}},
	}
}

func count(t *testing.T, s *Store, workspace string) int {
	t.Helper()
	n, err := s.Count(t.Context(), workspace, query.Count{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAppendKeepsTheFirstArrival(t *testing.T) {
	s, ctx := New(), t.Context()
	got, err := s.Append(ctx, "", request(made(1, 1, "first"), made(1, 1, "second"), made(0, 1, "bad")))
	want := store.Appended{Accepted: 2, Rejected: 1, Message: `1 span rejected: span 2 "bad": trace id is all zeros`}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	spans, err := s.Trace(ctx, "", span.TraceID{1})
	if err != nil || len(spans) != 1 || spans[0].Name != "first" {
		t.Errorf("got %v, %v", spans, err)
	}
	if _, err := s.Append(ctx, "", []byte("\x0a")); !errors.Is(err, query.ErrInvalid) {
		t.Errorf("got %v for a torn request", err)
	}
}

func TestAnswersBelongToTheCaller(t *testing.T) {
	s, ctx := New(), t.Context()
	if _, err := s.Append(ctx, "", request(made(1, 1, "a"))); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		page, err := s.Spans(ctx, "", query.Spans{Limit: 1})
		if err != nil || page.Spans[0].Name != "a" || page.Spans[0].Attributes[0].Key != "k" {
			t.Fatalf("got %+v, %v", page, err)
		}
		page.Spans[0].Name, page.Spans[0].Attributes[0].Key = "changed", "changed"
	}
}

func TestDeleteTraces(t *testing.T) {
	s, ctx := New(), t.Context()
	all := request(made(1, 1, "a"), made(1, 2, "b"), made(2, 1, "c"))
	if _, err := s.Append(ctx, "", all); err != nil {
		t.Fatal(err)
	}
	n, err := s.DeleteTraces(ctx, "", []span.TraceID{{1}, {1}, {9}})
	if n != 1 || err != nil || count(t, s, "") != 1 {
		t.Errorf("deleted %d, %v, left %d", n, err, count(t, s, ""))
	}
	if _, err := s.Append(ctx, "", all); err != nil || count(t, s, "") != 3 {
		t.Errorf("after sending again: %v, %d spans", err, count(t, s, ""))
	}
}

func TestWorkspacesAreApart(t *testing.T) {
	s, ctx := New(), t.Context()
	if err := s.CreateWorkspace(ctx, "mine"); err != nil {
		t.Fatal(err)
	}
	for _, workspace := range []string{"mine", "unknown"} {
		if _, err := s.Append(ctx, workspace, request(made(1, 1, workspace))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.CreateWorkspace(ctx, "mine"); err != nil || count(t, s, "mine") != 1 {
		t.Errorf("created again: %v, %d spans", err, count(t, s, "mine"))
	}
	names, err := s.ListWorkspaces(ctx)
	if diff := cmp.Diff([]string{"default", "mine"}, names); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := s.DeleteWorkspace(ctx, "unknown"); !errors.Is(err, query.ErrNotFound) || count(t, s, "unknown") != 1 {
		t.Errorf("deleting what was not created: %v, %d spans in default", err, count(t, s, ""))
	}
	if err := s.DeleteWorkspace(ctx, store.DefaultWorkspace); err != nil || count(t, s, "") != 0 || count(t, s, "mine") != 1 {
		t.Errorf("emptying default: %v, %d and %d spans", err, count(t, s, ""), count(t, s, "mine"))
	}
	if err := s.DeleteWorkspace(ctx, "mine"); err != nil || count(t, s, "mine") != 0 {
		t.Errorf("deleting: %v, %d spans", err, count(t, s, "mine"))
	}
}

func TestDocuments(t *testing.T) {
	s, ctx := New(), t.Context()
	body := []byte("1")
	for _, id := range []string{"b", "a"} {
		if err := s.PutDocument(ctx, "", "saved", id, body); err != nil {
			t.Fatal(err)
		}
	}
	body[0] = 'x'
	list, err := s.ListDocuments(ctx, "", "saved")
	want := []store.Document{{ID: "a", Body: []byte("1")}, {ID: "b", Body: []byte("1")}}
	if diff := cmp.Diff(want, list); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := s.DeleteDocument(ctx, "", "saved", "a"); err != nil {
		t.Error(err)
	}
	if _, err := s.Document(ctx, "", "saved", "a"); !errors.Is(err, query.ErrNotFound) {
		t.Errorf("got %v for a deleted document", err)
	}
	if err := s.DeleteDocument(ctx, "", "other", "b"); !errors.Is(err, query.ErrNotFound) {
		t.Errorf("got %v for a document of another collection", err)
	}
}

func TestEachGoesInOrderAndStops(t *testing.T) {
	s, ctx := New(), t.Context()
	if _, err := s.Append(ctx, "", request(made(1, 3, "c"), made(1, 1, "a"), made(1, 2, "b"))); err != nil {
		t.Fatal(err)
	}
	got := ""
	err := s.Each(ctx, "", query.Spans{}, func(sp *span.Span) bool {
		got += sp.Name
		return got != "ab"
	})
	if got != "ab" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestQuestionsAreChecked(t *testing.T) {
	s, ctx := New(), t.Context()
	bad := query.Cmp(query.Name, query.OpEq, query.Typed, span.String("x"))
	bad.Op = query.OpRegexp
	_, spans := s.Spans(ctx, "", query.Spans{Filter: bad})
	each := s.Each(ctx, "", query.Spans{Limit: -1}, nil)
	_, traces := s.Traces(ctx, "", query.Traces{Order: 9})
	_, heatmap := s.Heatmap(ctx, "", query.Heatmap{})
	_, keys := s.Keys(ctx, "", query.Keys{Filter: bad})
	_, values := s.Values(ctx, "", query.Values{Limit: -1})
	_, count := s.Count(ctx, "", query.Count{Filter: bad})
	for i, err := range []error{spans, each, traces, heatmap, keys, values, count} {
		if !errors.Is(err, query.ErrInvalid) {
			t.Errorf("question %d: %v", i, err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Count(ctx, "", query.Count{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v after the context was done", err)
	}
}
