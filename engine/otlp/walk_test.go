package otlp

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

func doubleBits(f float64) uint64 { return math.Float64bits(f) }

func TestDecodeSpansAgreesWithGeneratedTypes(t *testing.T) {
	for seed := range uint64(100) {
		m := newMaker(seed)
		req := m.request()
		plain, err := proto.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		want := spansOfGoogle(req)
		for name, b := range map[string][]byte{"plain": plain, "scrambled": m.scramble(req.ProtoReflect())} {
			var again collector.ExportTraceServiceRequest
			if err := proto.Unmarshal(b, &again); err != nil {
				t.Fatalf("seed %d %s: the judge: %v", seed, name, err)
			}
			if diff := difference(want, spansOfGoogle(&again)); diff != "" {
				t.Fatalf("seed %d %s: the judge: %s", seed, name, diff)
			}
			got, result, err := DecodeSpans(b)
			if err != nil {
				t.Fatalf("seed %d %s: %v", seed, name, err)
			}
			if diff := cmp.Diff(Result{Accepted: len(want)}, result); diff != "" {
				t.Errorf("seed %d %s: %s", seed, name, diff)
			}
			if diff := difference(want, got); diff != "" {
				t.Errorf("seed %d %s: %s", seed, name, diff)
			}
		}
	}
}

func TestAppendRequestWritesTheSameRequest(t *testing.T) {
	for seed := range uint64(300) {
		want := newMaker(seed).request()
		var got collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(AppendRequest(nil, spansOfGoogle(want)), &got); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !proto.Equal(want, &got) {
			t.Errorf("seed %d: want %v\ngot %v", seed, want, &got)
		}
	}
}

func TestAppendRequestGroupsNeighbours(t *testing.T) {
	a, b := &span.Resource{SchemaURL: "a"}, &span.Resource{SchemaURL: "b"}
	equal := &span.Resource{SchemaURL: "a"}
	var spans []*span.Span
	for i, r := range []*span.Resource{a, equal, b, a, nil, nil} {
		spans = append(spans, &span.Span{TraceID: span.TraceID{1}, SpanID: span.SpanID{byte(i + 1)}, Resource: r})
	}
	var req collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(AppendRequest(nil, spans), &req); err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, rs := range req.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			got = append(got, len(ss.Spans))
		}
	}
	if diff := cmp.Diff([]int{2, 1, 1, 2}, got); diff != "" {
		t.Error(diff)
	}
}

// lists keeps the bytes of every array and kvlist.
type lists struct {
	ignore
	found [][]byte
}

func (l *lists) Span(s *SpanView) {
	for _, a := range s.Attributes {
		if a.Type == span.TypeArray || a.Type == span.TypeKVList {
			l.found = append(l.found, bytes.Clone(a.Bytes))
		}
	}
}

func TestListsAreEncodedInOneWay(t *testing.T) {
	checked := 0
	for seed := range uint64(300) {
		m := newMaker(seed)
		req := m.request()
		plain, err := proto.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		var want, got lists
		for b, l := range map[*[]byte]*lists{&plain: &want, ptr(m.scramble(req.ProtoReflect())): &got} {
			if _, err := Walk(*b, l); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want.found, got.found); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
		for _, b := range got.found {
			v, err := ParseValue(b)
			if err != nil {
				t.Fatal(err)
			}
			if again := AppendValue(nil, v); !bytes.Equal(again, b) {
				t.Errorf("seed %d: %x is written as %x", seed, b, again)
			}
			checked++
		}
	}
	if checked < 100 {
		t.Errorf("only %d lists", checked)
	}
}

func ptr(b []byte) *[]byte { return &b }

func TestWalkRejectsSingleSpans(t *testing.T) {
	deep := func(levels int) span.Value {
		v := span.Int(1)
		for range levels {
			v = span.Array(v)
		}
		return v
	}
	valued := func(v span.Value) func(*span.Span) {
		return func(s *span.Span) { s.Attributes = []span.KeyValue{{Key: "k", Value: v}} }
	}
	for _, c := range []struct {
		name, want string
		change     func(*span.Span)
	}{
		{"trace id", "trace id is all zeros", func(s *span.Span) { s.TraceID = span.TraceID{} }},
		{"span id", "span id is all zeros", func(s *span.Span) { s.SpanID = span.SpanID{} }},
		{"name", "name is not valid UTF-8", func(s *span.Span) { s.Name = "\xff" }},
		{"state", "trace state is not valid UTF-8", func(s *span.Span) { s.TraceState = "\xff" }},
		{"message", "status message is not valid UTF-8", func(s *span.Span) { s.Status.Message = "\xff" }},
		{"key", "attribute key is not valid UTF-8", func(s *span.Span) { s.Attributes = []span.KeyValue{{Key: "12345678\xff"}} }},
		{"plain key", "attribute key is not valid UTF-8", func(s *span.Span) {
			s.Attributes = []span.KeyValue{{Key: "\xff", Value: span.Int(1)}}
		}},
		{"value", "attribute value is not valid UTF-8", valued(span.String("1234567890\xff"))},
		{"long value", "attribute value is not valid UTF-8", valued(span.String(strings.Repeat("x", 200) + "\xff"))},
		{"nested value", "attribute value is not valid UTF-8", valued(span.Array(span.String("\xff")))},
		{"nested key", "attribute key is not valid UTF-8", valued(span.KVList(span.KeyValue{Key: "\xff"}))},
		{"depth", "attribute value nests too deep", valued(deep(MaxDepth + 1))},
		{"parts", "too many attributes, events, links and values", func(s *span.Span) {
			s.Attributes = make([]span.KeyValue, MaxParts/2)
			s.Events = make([]span.Event, MaxParts/2+1)
		}},
		{"elements", "too many attributes, events, links and values", valued(span.Array(make([]span.Value, MaxParts)...))},
		{"event", "event name is not valid UTF-8", func(s *span.Span) { s.Events = []span.Event{{Name: "\xff"}} }},
		{"link", "link span id is all zeros", func(s *span.Span) { s.Links = []span.Link{{TraceID: span.TraceID{1}}} }},
		{"resource", "resource schema URL is not valid UTF-8", func(s *span.Span) { s.Resource = &span.Resource{SchemaURL: "\xff"} }},
		{"resource value", "resource attribute value nests too deep", func(s *span.Span) {
			s.Resource = &span.Resource{Attributes: []span.KeyValue{{Value: deep(MaxDepth + 1)}}}
		}},
		{"entity", "resource entity reference is not valid UTF-8", func(s *span.Span) {
			s.Resource = &span.Resource{EntityRefs: []span.EntityRef{{IDKeys: []string{"\xff"}}}}
		}},
		{"scope", "scope version is not valid UTF-8", func(s *span.Span) { s.Scope = &span.Scope{Version: "\xff"} }},
	} {
		good := &span.Span{TraceID: span.TraceID{1}, SpanID: span.SpanID{1}, Name: "good", Attributes: []span.KeyValue{{Key: "k", Value: deep(MaxDepth)}}}
		bad := &span.Span{TraceID: span.TraceID{1}, SpanID: span.SpanID{2}, Name: "bad"}
		c.change(bad)
		got, result, err := DecodeSpans(AppendRequest(nil, []*span.Span{good, bad, good}))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(got) != 2 || result.Accepted != 2 || result.Rejected != 1 {
			t.Errorf("%s: got %d spans, %+v", c.name, len(got), result)
		}
		want := `1 span rejected: span 1 "bad": ` + c.want
		if c.name == "name" {
			want = `1 span rejected: span 1 "\xff": ` + c.want
		}
		if result.Message != want {
			t.Errorf("%s: got message %q, want %q", c.name, result.Message, want)
		}
	}
}

func TestWalkNamesIDsOfWrongLength(t *testing.T) {
	field := func(tag byte, data string) string { return string(tag) + string(byte(len(data))) + data }
	id16, id8 := "0123456789abcdef", "01234567"
	for _, c := range []struct{ span, want string }{
		{field(tagSpanTraceID, "abcd") + field(tagSpanSpanID, id8), "trace id of 4 bytes"},
		{field(tagSpanSpanID, id8), "trace id of 0 bytes"},
		{field(tagSpanTraceID, id16) + field(tagSpanSpanID, id16), "span id of 16 bytes"},
		{field(tagSpanTraceID, id16) + field(tagSpanSpanID, id8) + field(tagSpanParentSpanID, "a"), "parent span id of 1 bytes"},
		{field(tagSpanTraceID, id16) + field(tagSpanSpanID, id8) + field(tagSpanParentSpanID, "\x00"), "parent span id of 1 bytes"},
		{field(tagSpanTraceID, id16) + field(tagSpanSpanID, id8) + field(tagSpanLink, ""), "link trace id of 0 bytes"},
		{field(tagSpanTraceID, id16) + field(tagSpanSpanID, id8) + field(tagSpanParentSpanID, strings.Repeat("\x00", 8)), ""},
	} {
		request := field(tagRequestResourceSpans, field(tagResourceSpansScope, field(tagScopeSpansSpan, c.span)))
		result, err := Walk([]byte(request), nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.want != "" {
			c.want = `1 span rejected: span 0 "": ` + c.want
		}
		if result.Message != c.want {
			t.Errorf("got message %q, want %q", result.Message, c.want)
		}
	}
}

func TestResultMessageIsBounded(t *testing.T) {
	var spans []*span.Span
	for range 1000 {
		spans = append(spans, &span.Span{Name: strings.Repeat("\U000e0001", 1000)})
	}
	result, err := Walk(AppendRequest(nil, spans), nil)
	if err != nil {
		t.Fatal(err)
	}
	if result.Rejected != 1000 || len(result.Message) > 5000 || !strings.HasSuffix(result.Message, "; and 995 more") {
		t.Errorf("%d rejected, message of %d bytes: %.200s", result.Rejected, len(result.Message), result.Message)
	}
}

func TestWalkRefusesWhatIsNotProtobuf(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"truncated", "\x0a\x05\x12", "at byte 0: message ends inside a field"},
		{"truncated within", "\x0a\x02\x12\x01", "at byte 2: message ends inside a field"},
		{"long varint", "\x0a\x04\x12\x02\x08" + strings.Repeat("\x80", 10) + "\x01", "at byte 4: message ends inside a field"},
		{"field 0", "\x0a\x02\x02\x00", "at byte 2: field number out of range"},
		{"group", "\x0a\x02\x13\x14", "at byte 2: groups are not part of the protocol"},
		{"wire type 7", "\x0f", "at byte 0: unknown wire type"},
		{"wrong wire type", "\x0a\x02\x10\x01", "at byte 2: field 2 with wire type 0"},
		{"span's wrong wire type", "\x0a\x06\x12\x04\x12\x02\x28\x01", "at byte 6: field 5 with wire type 0"},
		{"overlong varint", "\x0a\x0b\x50" + strings.Repeat("\xff", 9) + "\x02", "at byte 2: varint of more than 64 bits"},
	} {
		spans, _, err := DecodeSpans([]byte(c.in))
		if !errors.Is(err, query.ErrInvalid) || spans != nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func TestEveryTruncationIsAnErrorOrLess(t *testing.T) {
	whole := AppendRequest(nil, workload(2))
	for n := range len(whole) {
		spans, _, err := DecodeSpans(whole[:n])
		if err == nil && len(spans) != 0 {
			t.Errorf("the first %d of %d bytes give %d spans", n, len(whole), len(spans))
		}
	}
}

// Many pieces of one message must not be copied again and again.
func TestManyPiecesTakeLinearTime(t *testing.T) {
	piece := "\x12\x04\x0a\x02ab"
	attribute := strings.Repeat(piece, 200_000)
	request := []byte(nil)
	request, outer := open(request, tagRequestResourceSpans)
	request, inner := open(request, tagResourceSpansResource)
	request, at := open(request, tagResourceAttribute)
	request = shut(append(request, attribute...), at)
	for range 200_000 {
		request = append(request, "\x10\x01"...)
	}
	request = shut(request, inner)
	for range 200_000 {
		request = append(request, "\x0a\x02\x10\x01"...)
	}
	request = shut(request, outer)
	if _, err := Walk(request, nil); err != nil {
		t.Fatal(err)
	}
}

func TestWalkAllocatesNothingForASpan(t *testing.T) {
	spans := workload(200)
	for _, s := range spans {
		s.Events = []span.Event{{Name: "e", Attributes: []span.KeyValue{{Key: "k", Value: span.Array(span.Int(1))}}}}
		s.Links = []span.Link{{TraceID: s.TraceID, SpanID: s.SpanID}}
		s.Attributes = append(s.Attributes, span.KeyValue{Key: "list", Value: span.KVList(span.KeyValue{Key: "k", Value: span.String("v")})})
	}
	request := AppendRequest(nil, spans)
	perRun := testing.AllocsPerRun(50, func() {
		if _, err := Walk(request, ignore{}); err != nil {
			t.Fatal(err)
		}
	})
	// A collection may empty the pool, so a run may have to make its views anew.
	if perSpan := perRun / float64(len(spans)); perSpan > 0.1 {
		t.Errorf("%v allocations a span", perSpan)
	}
}
