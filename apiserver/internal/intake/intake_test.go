package intake

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

const key = "org.id"

// of is a span of a resource that has these attributes.
func of(id byte, attributes ...span.KeyValue) *span.Span {
	return &span.Span{TraceID: span.TraceID{1}, SpanID: span.SpanID{id}, Name: "s",
		Resource: &span.Resource{Attributes: attributes}}
}

func kv(value string) span.KeyValue { return span.KeyValue{Key: key, Value: span.String(value)} }

// stored lists the span ids of each workspace by their first byte.
func stored(t *testing.T, st store.Reader, workspaces ...string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, w := range workspaces {
		err := st.Each(t.Context(), w, query.Spans{}, func(s *span.Span) bool {
			got[w] += s.SpanID.String()[1:2]
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func newStore(t *testing.T, workspaces ...string) store.Store {
	t.Helper()
	st := storetest.New(t)
	for _, w := range workspaces {
		if err := st.CreateWorkspace(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	return st
}

func TestAppendSplits(t *testing.T) {
	spans := []*span.Span{
		of(1, kv("a")), of(2, kv("b")), of(3), of(4, span.KeyValue{Key: "x", Value: span.Int(1)}, kv("a")),
		of(5, span.KeyValue{Key: key, Value: span.Int(7)}), of(6, kv("two words")), of(7, kv("a"), kv("b")), of(8, kv("nobody")), of(9, kv("")),
	}
	st := newStore(t, "a", "b", "header")
	got, err := Target{Workspace: "header", Attribute: key}.Append(t.Context(), st, otlp.AppendRequest(nil, spans))
	if err != nil || got != (store.Appended{Accepted: 9}) {
		t.Fatalf("%+v, %v", got, err)
	}
	want := map[string]string{"a": "147", "b": "2", "header": "3569", store.DefaultWorkspace: "8"}
	if diff := cmp.Diff(want, stored(t, st, "a", "b", "header", store.DefaultWorkspace)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAppendWithoutAttributeGoesWhole(t *testing.T) {
	for _, target := range []Target{{Workspace: "b"}, {Workspace: "b", Attribute: "other"}} {
		st := newStore(t, "a", "b")
		if _, err := target.Append(t.Context(), st, otlp.AppendRequest(nil, []*span.Span{of(1, kv("a"))})); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"b": "1"}, stored(t, st, "a", "b")); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", target, diff)
		}
	}
}

// TestAppendSums has a rejected span in two of three parts: the message names
// them by their places in the whole request.
func TestAppendSums(t *testing.T) {
	bad := func(workspace string) *span.Span {
		s := of(0, kv(workspace))
		s.Name = "bad of " + workspace
		return s
	}
	st := newStore(t, "a", "b")
	request := otlp.AppendRequest(nil, []*span.Span{of(1, kv("a")), bad("a"), of(2), of(3, kv("b")), bad("b")})
	got, err := Target{Workspace: store.DefaultWorkspace, Attribute: key}.Append(t.Context(), st, request)
	if err != nil || got.Accepted != 3 || got.Rejected != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, want := range []string{"2 spans rejected", `span 1 "bad of a"`, `span 4 "bad of b"`} {
		if !strings.Contains(got.Message, want) {
			t.Errorf("no %q in %q", want, got.Message)
		}
	}
}

// TestAppendRefusesWhole has the last resource of a request be no protobuf:
// nothing of the ones before it is stored.
func TestAppendRefusesWhole(t *testing.T) {
	good := otlp.AppendRequest(nil, []*span.Span{of(1, kv("a")), of(2, kv("b"))})
	for name, tail := range map[string]string{"cut": "\x0a\x7f", "bad scope": "\x0a\x03\x12\x01\xff", "bad resource": "\x0a\x03\x0a\x01\xff"} {
		st := newStore(t, "a", "b")
		_, err := Target{Workspace: store.DefaultWorkspace, Attribute: key}.Append(t.Context(), st, append(good[:len(good):len(good)], tail...))
		if !errors.Is(err, query.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if got := stored(t, st, "a", "b", store.DefaultWorkspace); len(got) > 0 {
			t.Errorf("%s: %v is stored", name, got)
		}
	}
}

// TestMergedPieces writes a resource, an attribute and its value in pieces,
// which protobuf merges; the value that split sees is the one that is stored.
func TestMergedPieces(t *testing.T) {
	field := func(n protowire.Number, b []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), b)
	}
	text := func(s string) []byte { return field(fieldStringValue, []byte(s)) }
	number := protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), 5)
	join := func(parts ...[]byte) (b []byte) {
		for _, p := range parts {
			b = append(b, p...)
		}
		return b
	}
	keyed := field(fieldKey, []byte(key))
	tests := map[string]struct {
		resources []byte
		want      string
	}{
		"value before key":     {field(1, field(1, join(field(fieldValue, text("a")), keyed))), "a"},
		"second piece counts":  {field(1, field(1, join(keyed, field(fieldValue, text("b")), field(fieldValue, text("a"))))), "a"},
		"two resources":        {join(field(1, nil), field(1, field(1, join(keyed, field(fieldValue, text("a")))))), "a"},
		"number after string":  {field(1, field(1, join(keyed, field(fieldValue, join(text("a"), number))))), "otherwise"},
		"string after number":  {field(1, field(1, join(keyed, field(fieldValue, join(number, text("a")))))), "a"},
		"no value":             {field(1, field(1, keyed)), "otherwise"},
		"first of two is used": {field(1, join(field(1, join(keyed, field(fieldValue, text("a")))), field(1, join(keyed, field(fieldValue, text("b")))))), "a"},
	}
	for name, tt := range tests {
		parts, ok := split(field(1, tt.resources), key, "otherwise")
		if !ok || len(parts) != 1 || parts[0].workspace != tt.want {
			t.Errorf("%s: %+v, %v; want %s", name, parts, ok, tt.want)
		}
		r := &resourceOf{}
		if _, err := otlp.Walk(field(1, tt.resources), r); err != nil || r.value != strings.TrimPrefix(tt.want, "otherwise") {
			t.Errorf("%s: the walk has %q, %v", name, r.value, err)
		}
	}
}

// resourceOf notes the resource's first string for the key.
type resourceOf struct {
	value string
	seen  bool
}

func (r *resourceOf) Resource(v *otlp.ResourceView) {
	for _, a := range v.Attributes {
		if string(a.Key) == key && !r.seen {
			r.seen = true
			if a.Type == span.TypeString {
				r.value = string(a.Bytes)
			}
		}
	}
}
func (r *resourceOf) Scope(*otlp.ScopeView) {}
func (r *resourceOf) Span(*otlp.SpanView)   {}

// full is a store that takes nothing into one workspace.
type full struct {
	store.Store
	workspace string
}

func (f full) Append(ctx context.Context, workspace string, b []byte) (store.Appended, error) {
	if workspace == f.workspace {
		return store.Appended{}, query.ErrFull
	}
	return f.Store.Append(ctx, workspace, b)
}

// TestAppendAgain sends a request again of which a part could not be written.
func TestAppendAgain(t *testing.T) {
	st := newStore(t, "a", "b")
	target := Target{Workspace: store.DefaultWorkspace, Attribute: key}
	request := otlp.AppendRequest(nil, []*span.Span{of(1, kv("a")), of(2, kv("b"))})
	if _, err := target.Append(t.Context(), full{st, "b"}, request); !errors.Is(err, query.ErrFull) {
		t.Fatalf("%v", err)
	}
	if _, err := target.Append(t.Context(), st, request); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "1", "b": "2"}, stored(t, st, "a", "b")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFind(t *testing.T) {
	header := func(name string) func(*http.Request) (string, bool) {
		return func(r *http.Request) (string, bool) { return r.Header.Get(name), r.Header.Get(name) != "" }
	}
	ingest := []rest.Ingest{
		{Path: "/p", Workspace: header("First"), MaxBody: 7},
		{Path: "/p", Workspace: header("Second"), Attribute: key},
		{Path: "/q", Workspace: header("Third")},
	}
	tests := []struct {
		path, header string
		want         Target
	}{
		{"/p", "First", Target{"w", "", 7}},
		{"/p", "Second", Target{"w", key, 0}},
		{"/p", "Third", Target{store.DefaultWorkspace, key, 0}},
		{"/q", "Third", Target{Workspace: "w"}},
		{"/q", "", Target{Workspace: store.DefaultWorkspace}},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(http.MethodPost, tt.path, nil)
		r.Header.Set(tt.header, "w")
		if got := Find(ingest, tt.path, r); got != tt.want {
			t.Errorf("%s with %q: %+v, want %+v", tt.path, tt.header, got, tt.want)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(otlp.AppendRequest(nil, []*span.Span{of(1, kv("a")), of(2, kv("b")), of(3)}))
	f.Add([]byte("\x0a\x7f"))
	f.Fuzz(func(t *testing.T, request []byte) {
		parts, ok := split(request, key, "otherwise")
		whole, err := otlp.Walk(request, nil)
		if err != nil {
			return
		}
		if !ok {
			t.Fatal("a good request could not be split")
		}
		sum := 0
		for _, p := range parts {
			r, err := otlp.Walk(p.request, nil)
			if err != nil {
				t.Fatalf("%s: %v", p.workspace, err)
			}
			sum += r.Accepted + r.Rejected
		}
		if sum != whole.Accepted+whole.Rejected {
			t.Errorf("%d spans in parts, %d in the whole", sum, whole.Accepted+whole.Rejected)
		}
	})
}
