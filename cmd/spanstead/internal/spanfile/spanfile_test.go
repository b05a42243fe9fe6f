package spanfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

var same = cmp.Comparer(func(a, b span.Value) bool { return a.Equal(b) })

func sample(n int) []*span.Span {
	res := &span.Resource{Attributes: []span.KeyValue{{Key: "service.name", Value: span.String("cart")}}}
	var out []*span.Span
	for i := range n {
		s := &span.Span{Name: fmt.Sprint("GET /", i), StartTimeUnixNano: 5, EndTimeUnixNano: 9, Resource: res, Scope: &span.Scope{}}
		s.TraceID[0], s.SpanID[0] = 1, byte(i+1)
		s.Attributes = []span.KeyValue{{Key: "n", Value: span.Int(int64(i))}, {Key: "list", Value: span.Array(span.Double(1.5), span.Bytes([]byte{0}))}}
		out = append(out, s)
	}
	return out
}

func written(t *testing.T, f Format, spans []*span.Span) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, f)
	for i := range spans {
		if err := w.Write(spans[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func read(b []byte) (spans []*span.Span, messages int, err error) {
	err = Read(iotest.HalfReader(bytes.NewReader(b)), func(request []byte) error {
		messages++
		some, _, err := otlp.DecodeSpans(request)
		spans = append(spans, some...)
		return err
	})
	return spans, messages, err
}

func pack(t *testing.T, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

func zipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func delimited(messages ...[]byte) []byte {
	var out []byte
	for _, m := range messages {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(m))), m...)
	}
	return out
}

func TestRead(t *testing.T) {
	spans := sample(3)
	lines, proto := written(t, JSON, spans), written(t, Proto, spans)
	one := otlp.AppendRequest(nil, spans)
	pretty := bytes.ReplaceAll(lines, []byte("{"), []byte("{\n\t"))
	var packed [][]byte
	for i := range spans {
		packed = append(packed, pack(t, otlp.AppendRequest(nil, spans[i:i+1])))
	}
	for name, c := range map[string]struct {
		file     []byte
		messages int
	}{
		"lines": {lines, 3}, "spread over lines": {pretty, 3}, "white space first": {append([]byte(" \n\t"), lines...), 3},
		"newline first": {append([]byte("\n"), lines...), 3}, "one request in JSON": {otlp.AppendJSON(nil, spans), 1},
		"delimited": {proto, 3}, "one message": {one, 1}, "with an empty one": {append(delimited(nil), proto...), 4},
		"gzip of lines": {zipped(t, lines), 3}, "gzip of delimited": {zipped(t, proto), 3}, "gzip of one": {zipped(t, one), 1},
		"zstd of lines": {pack(t, lines), 3}, "zstd of delimited": {pack(t, proto), 3},
		"each zstd": {delimited(packed...), 3}, "each zstd of JSON": {delimited(pack(t, lines[:bytes.IndexByte(lines, '\n')]), pack(t, otlp.AppendJSON(nil, spans[1:]))), 2},
	} {
		got, n, err := read(c.file)
		if err != nil || n != c.messages {
			t.Errorf("%s: %d messages, %v", name, n, err)
		}
		if d := cmp.Diff(spans, got, same); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
	for _, empty := range []string{"", "  \n "} {
		if _, n, err := read(zipped(t, []byte(empty))); n > 0 || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %d messages, %v", empty, n, err)
		}
	}
}

// TestReadOtherSignals: the collector may write metrics and logs to the same file.
func TestReadOtherSignals(t *testing.T) {
	spans := sample(1)
	file := append([]byte(`{"resourceMetrics":[{"resource":{}}]}`+"\n"), written(t, JSON, spans)...)
	got, n, err := read(file)
	if err != nil || n != 2 || len(got) != 1 {
		t.Errorf("%d spans in %d messages, %v", len(got), n, err)
	}
}

func TestReadSaysWhere(t *testing.T) {
	lines, proto := written(t, JSON, sample(2)), written(t, Proto, sample(2))
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"JSON cut":        {lines[:len(lines)-9], fmt.Sprintf("message 2 at byte %d", bytes.IndexByte(lines, '\n'))},
		"not JSON":        {[]byte("{]"), "message 1 at byte 0"},
		"delimited cut":   {proto[:len(proto)-1], fmt.Sprintf("message 2 at byte %d", len(proto)/2)},
		"length cut":      {append(bytes.Clone(proto), 0, 0), fmt.Sprintf("message 3 at byte %d", len(proto))},
		"length too much": {[]byte{0x7f, 0, 0, 0, 1}, "2130706432 bytes"},
		"text":            {[]byte("hello, world"), "message 1 at byte 0"},
		"one message cut": {otlp.AppendRequest(nil, sample(2))[:50], "at byte"},
		"bad gzip":        {append([]byte{0x1f, 0x8b}, "nonsense to be refused"...), "gzip"},
		"bad zstd":        {delimited(append(bytes.Clone(zstdMagic), 1, 2, 3)), "message 1 at byte 0"},
	} {
		_, _, err := read(c.file)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestReadStopsAtTheCallersError(t *testing.T) {
	stop, n := errors.New("stop"), 0
	for _, f := range []Format{JSON, Proto} {
		err := Read(bytes.NewReader(written(t, f, sample(3))), func([]byte) error { n++; return stop })
		if err != stop {
			t.Error(err)
		}
	}
	if n != 2 {
		t.Errorf("called %d times", n)
	}
}

func FuzzRead(f *testing.F) {
	w := sample(2)
	f.Add(otlp.AppendRequest(nil, w))
	f.Add(append(otlp.AppendJSON(nil, w), '\n'))
	f.Add(delimited(otlp.AppendRequest(nil, w[:1]), otlp.AppendJSON(nil, w)))
	f.Add([]byte("\n {}{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := read(b); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
	})
}
