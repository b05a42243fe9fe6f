package otlp

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/spanstead/spanstead/engine/span"
)

// difference is cmp.Diff, but quick when there is none.
func difference(want, got []*span.Span) string {
	if bytes.Equal(AppendRequest(nil, want), AppendRequest(nil, got)) {
		return ""
	}
	return cmp.Diff(want, got)
}

// What Walk reads means the same to the generated types, and what they read
// and Walk refuses is refused for a reason that is documented.
func FuzzWalk(f *testing.F) {
	for seed := range uint64(8) {
		m := newMaker(seed)
		f.Add(m.scramble(m.request().ProtoReflect()))
	}
	f.Add(AppendRequest(nil, workload(2)))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		spans, result, err := DecodeSpans(b)
		if !bytes.Equal(before, b) {
			t.Fatal("the request was changed")
		}
		var req collector.ExportTraceServiceRequest
		judge := proto.Unmarshal(b, &req)
		switch {
		case err != nil && judge == nil:
			if !strings.Contains(err.Error(), "group") && !strings.Contains(err.Error(), "wire type") {
				t.Fatalf("refused: %v", err)
			}
		case err == nil && judge != nil:
			if result.Rejected == 0 && !strings.Contains(judge.Error(), "UTF-8") {
				t.Fatalf("read what is not protobuf: %v", judge)
			}
		case err == nil && result.Rejected == 0:
			if diff := difference(spansOfGoogle(&req), spans); diff != "" {
				t.Fatal(diff)
			}
		}
		if len(spans) != result.Accepted {
			t.Fatalf("%d spans, %+v", len(spans), result)
		}
		again, _, err := DecodeSpans(AppendRequest(nil, spans))
		if err != nil {
			t.Fatal(err)
		}
		if diff := difference(spans, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParseValue(f *testing.F) {
	for seed := range uint64(8) {
		m := newMaker(seed)
		f.Add(m.scramble(m.value(4).ProtoReflect()))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := ParseValue(b)
		if err != nil {
			return
		}
		canonical := AppendValue(nil, v)
		again, err := ParseValue(canonical)
		if err != nil || !again.Equal(v) {
			t.Fatalf("%x is read as %s, then as %s: %v", b, v.AppendJSON(nil), again.AppendJSON(nil), err)
		}
		if twice := AppendValue(nil, again); !bytes.Equal(canonical, twice) {
			t.Fatalf("%x is written as %x, then as %x", b, canonical, twice)
		}
	})
}

func FuzzJSONToProto(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(AppendJSON(nil, spansOfGoogle(newMaker(seed).request())))
	}
	f.Add([]byte(inValue(`{"arrayValue":{"values":[null,{"doubleValue":"NaN"},{"bytesValue":"-_"}]},"x":[{"y":[-0.5e+3,"\ud800"]}]}`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := JSONToProto(nil, text)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatal("read what is not JSON")
		}
		if len(b) > 64+2*len(text) {
			t.Fatalf("%d bytes of JSON became %d", len(text), len(b))
		}
		spans, _, err := DecodeSpans(b)
		if err != nil {
			t.Fatalf("made what is not protobuf: %v", err)
		}
		b, err = JSONToProto(nil, AppendJSON(nil, spans))
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := DecodeSpans(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := difference(spans, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
