package columns

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/bench"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/fixtures"
)

// TestSpansComeBack also has an attribute of a known key and another type, and
// one that is repeated under a key with a column.
func TestSpansComeBack(t *testing.T) {
	spans := fixtures.Workload(fixtures.Options{Spans: 500}).All()
	spans[0].Attributes = []span.KeyValue{
		{Key: "http.status_code", Value: span.String("none")},
		{Key: "list", Value: span.Array(span.Int(1), span.String("two"))},
		{Key: "bytes", Value: span.Bytes([]byte{1, 2})},
		{Key: "ratio", Value: span.Double(0.5)},
	}
	want := bench.Answer{Spans: spans}
	for name, layout := range map[string]*Layout{"exporter": Exporter(), "typed": Typed()} {
		b := NewBuilder(layout)
		if _, err := b.Record([]byte{0xff}); err == nil {
			t.Errorf("%s: a request that is none is taken", name)
		}
		for range 2 { // a builder is used again
			record, err := b.Record(otlp.AppendRequest(nil, spans))
			if err != nil {
				t.Fatal(err)
			}
			r := NewReader(&bench.Question{})
			if err := r.Read(record); err != nil {
				t.Fatal(err)
			}
			record.Release()
			if got := r.Answer(); got.Digest() != want.Digest() || len(got.Spans) != len(spans) {
				t.Errorf("%s: %d spans are others than the %d that went in", name, len(got.Spans), len(spans))
			}
		}
	}
}

func TestStatements(t *testing.T) {
	dir := fstest.MapFS{"range.sql": {Data: []byte("start >= {from}\n")}}
	if _, err := ReadStatements(dir, Standard); err == nil || !strings.Contains(err.Error(), "Q1") {
		t.Errorf("no questions: got %v", err)
	}
	for _, k := range bench.Kinds() {
		dir[k.String()+".sql"] = &fstest.MapFile{Data: []byte("SELECT {text};\nSELECT '{a}' WHERE {range};\n")}
	}
	q := &bench.Question{Kind: bench.Q9a, Text: `it's {from} a\d`}
	q.Range.From = 7
	for want, quoting := range map[string]*strings.Replacer{
		`SELECT 'it''s {from} a\d'`:  Standard,
		`SELECT 'it\'s {from} a\\d'`: Backslash,
	} {
		s, err := ReadStatements(fs.FS(dir), quoting)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{want, "SELECT '{a}' WHERE start >= 7"}, s.For(q)); diff != "" {
			t.Error(diff)
		}
	}
}
