package otlp

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/engine/span"
)

func TestDecodeSpansReadsAppendRequest(t *testing.T) {
	res := &span.Resource{Attributes: []span.KeyValue{{Key: "service.name", Value: span.String("cart")}}, SchemaURL: "r"}
	scope := &span.Scope{Name: "lib", Version: "1", SchemaURL: "s"}
	want := []*span.Span{{
		TraceID: span.TraceID{1}, SpanID: span.SpanID{2}, Name: "GET /", Kind: span.KindServer,
		StartTimeUnixNano: 10, EndTimeUnixNano: 20,
		Attributes: []span.KeyValue{
			{Key: "a", Value: span.Int(-3)},
			{Key: "b", Value: span.Array(span.String("x"), span.KVList(span.KeyValue{Key: "k", Value: span.Double(1.5)}))},
			{Key: "", Value: span.Value{}},
		},
		Events:   []span.Event{{Name: "e", TimeUnixNano: 11}},
		Links:    []span.Link{{TraceID: span.TraceID{9}, SpanID: span.SpanID{8}, Flags: 1}},
		Status:   span.Status{Message: "bad", Code: span.StatusError},
		Resource: res, Scope: scope,
	}, {
		TraceID: span.TraceID{1}, SpanID: span.SpanID{3}, ParentSpanID: span.SpanID{2}, Name: "child",
		Resource: res, Scope: scope,
	}}
	got, result, err := DecodeSpans(AppendRequest(nil, want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Result{Accepted: 2}, result); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
