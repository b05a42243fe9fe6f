package otlp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// rewriteIDs changes every id in a JSON text: protojson has them in base64,
// OTLP in hex.
func rewriteIDs(t *testing.T, text []byte, change func(string) string) []byte {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	out, err := json.Marshal(rewritten(tree, change))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func rewritten(tree any, change func(string) string) any {
	switch x := tree.(type) {
	case []any:
		for i := range x {
			x[i] = rewritten(x[i], change)
		}
	case map[string]any:
		for k, v := range x {
			id, ok := v.(string)
			switch k {
			case "traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id":
				if ok {
					x[k] = change(id)
					continue
				}
			}
			x[k] = rewritten(v, change)
		}
	}
	return tree
}

func hexToBase64(id string) string {
	b, err := hex.DecodeString(id)
	if err != nil {
		return "not hex: " + id
	}
	return base64.StdEncoding.EncodeToString(b)
}

func base64ToHex(id string) string {
	b, err := base64.StdEncoding.DecodeString(id)
	if err != nil {
		return "not base64: " + id
	}
	return hex.EncodeToString(b)
}

func TestAppendJSONIsReadByProtojson(t *testing.T) {
	for seed := range uint64(60) {
		want := spansOfGoogle(newMaker(seed).request())
		text := AppendJSON(nil, want)
		var req collector.ExportTraceServiceRequest
		if err := protojson.Unmarshal(rewriteIDs(t, text, hexToBase64), &req); err != nil {
			t.Fatalf("seed %d: %v in %s", seed, err, text)
		}
		if diff := difference(want, spansOfGoogle(&req)); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
	}
}

func TestJSONToProtoReadsProtojson(t *testing.T) {
	for seed := range uint64(60) {
		req := newMaker(seed).request()
		want := spansOfGoogle(req)
		for _, o := range []protojson.MarshalOptions{
			{}, {UseProtoNames: true, Multiline: true}, {EmitUnpopulated: true}, {UseEnumNumbers: true},
		} {
			text, err := o.Marshal(req)
			if err != nil {
				t.Fatal(err)
			}
			checkJSON(t, rewriteIDs(t, text, base64ToHex), want)
			checkJSON(t, rewriteIDs(t, text, func(id string) string { return strings.ToUpper(base64ToHex(id)) }), want)
		}
		checkJSON(t, AppendJSON(nil, want), want)
	}
}

func checkJSON(t *testing.T, text []byte, want []*span.Span) {
	t.Helper()
	b, err := JSONToProto(nil, text)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	got, result, err := DecodeSpans(b)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if diff := cmp.Diff(Result{Accepted: len(want)}, result); diff != "" {
		t.Error(diff)
	}
	if diff := difference(want, got); diff != "" {
		t.Errorf("%s\nin %s", diff, text)
	}
}

// Each sample in testdata is a request as a client sends it; beside it stand
// the spans that it means, in our own JSON, and what was rejected.
func TestSamples(t *testing.T) {
	samples, err := filepath.Glob("testdata/*.json")
	if err != nil || len(samples) == 0 {
		t.Fatal("no samples", err)
	}
	for _, name := range samples {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := JSONToProto(nil, text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		spans, result, err := DecodeSpans(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got bytes.Buffer
		fmt.Fprintf(&got, "accepted %d rejected %d %s\n", result.Accepted, result.Rejected, result.Message)
		if err := json.Indent(&got, AppendJSON(nil, spans), "", " "); err != nil {
			t.Fatal(err)
		}
		got.WriteByte('\n')
		golden := strings.TrimSuffix(name, ".json") + ".golden"
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// inSpan wraps the JSON of a span's fields, or of an attribute's value, in a request.
func inSpan(fields string) string {
	return `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0123456789abcdef0123456789ABCDEF","spanId":"00000000000000ff",` + fields + `}]}]}]}`
}

func inValue(value string) string {
	return inSpan(`"attributes":[{"key":"k","value":` + value + `}]`)
}

func TestJSONValues(t *testing.T) {
	for _, c := range []struct {
		in   string
		want span.Value
	}{
		{`{"intValue":"-9223372036854775808"}`, span.Int(math.MinInt64)},
		{`{"intValue":9223372036854775807}`, span.Int(math.MaxInt64)},
		{`{"intValue":-0}`, span.Int(0)},
		{`{"intValue":1e3}`, span.Int(1000)},
		{`{"intValue":"12.50e1"}`, span.Int(125)},
		{`{"intValue":0e99999999999999999999}`, span.Int(0)},
		{`{"intValue":9223372036854775.807E3}`, span.Int(math.MaxInt64)},
		{`{"doubleValue":3}`, span.Double(3)},
		{`{"doubleValue":"-1.5e-3"}`, span.Double(-1.5e-3)},
		{`{"doubleValue":"-Infinity"}`, span.Double(math.Inf(-1))},
		{`{"doubleValue":"NaN"}`, span.Double(math.NaN())},
		{`{"bytesValue":"-_8"}`, span.Bytes([]byte{0xfb, 0xff})},
		{`{"bytesValue":"+/8="}`, span.Bytes([]byte{0xfb, 0xff})},
		{`{"bytesValue":""}`, span.Bytes(nil)},
		{`{"stringValue":""}`, span.String("")},
		{`{"stringValue":"\u00e9\ud83d\ude00\ud83d\n\/\"\\"}`, span.String("é😀\ufffd\n/\"\\")},
		{`{"stringValue":"\ud83dx\ude00"}`, span.String("\ufffdx\ufffd")},
		{`{"boolValue":false}`, span.Bool(false)},
		{`{}`, span.Value{}},
		{`null`, span.Value{}},
		{`{"stringValue":null,"intValue":"1"}`, span.Int(1)},
		{`{"stringValue":"a","intValue":"1"}`, span.Int(1)},
		{`{"arrayValue":{}}`, span.Array()},
		{`{"arrayValue":{"values":null}}`, span.Array()},
		{`{"arrayValue":{"values":[{"boolValue":true},null,{}]}}`, span.Array(span.Bool(true), span.Value{}, span.Value{})},
		{`{"kvlistValue":{"values":[{"key":"a","value":{"intValue":1}},null,{"value":{}}]}}`,
			span.KVList(span.KeyValue{Key: "a", Value: span.Int(1)}, span.KeyValue{})},
		{`{"unknownValue":{"a":[1,[],{},{"b":"\u0041"},true,false,null,-1.5e+9]},"intValue":7}`, span.Int(7)},
	} {
		b, err := JSONToProto(nil, []byte(inValue(c.in)))
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		spans, result, err := DecodeSpans(b)
		if err != nil || len(spans) != 1 {
			t.Errorf("%s: %v %+v", c.in, err, result)
			continue
		}
		if got := spans[0].Attributes[0].Value; !got.Equal(c.want) {
			t.Errorf("%s: got %s, want %s", c.in, got.AppendJSON(nil), c.want.AppendJSON(nil))
		}
	}
}

func TestJSONToProtoSaysWhatIsWrong(t *testing.T) {
	const inFirst = "resourceSpans[0].scopeSpans[0].spans[0]."
	for _, c := range []struct{ in, want string }{
		{``, `at byte 0: text ends, want an object`},
		{`[]`, `at byte 0: want an object, got '['`},
		{`{} x`, `at byte 3: want the end of the text, got 'x'`},
		{`{"a":1,}`, `at byte 7: want a key, got '}'`},
		{`{"a" 1}`, `at byte 5: want a colon, got '1'`},
		{`{"a":{"b":[1,2}}`, `at byte 14: want a comma or a closing bracket, got '}'`},
		{`{"a":01}`, `at byte 5: number with a leading zero`},
		{`{"a":1.}`, `at byte 7: want a digit, got '}'`},
		{`{"a":nul}`, `at byte 5: want a value, got 'n'`},
		{`{"a":"\x"}`, `at byte 6: unknown escape in a string`},
		{`{"a":"\u12g4"}`, `at byte 6: escape without four hex digits`},
		{"{\"a\":\"\n\"}", `at byte 6: control character in a string`},
		{`{"resourceSpans":{}}`, `at byte 17, resourceSpans: want an array, got '{'`},
		{`{"resource_spans":[1]}`, `at byte 19, resourceSpans[0]: want an object, got '1'`},
		{inSpan(`"kind":"SPAN_KIND_SERVANT"`), inFirst + `kind: want a number or name, got "SPAN_KIND_SERVANT"`},
		{inSpan(`"kind":2147483648`), inFirst + `kind: want a number or name, got "2147483648"`},
		{inSpan(`"startTimeUnixNano":-1`), inFirst + `startTimeUnixNano: want a whole number within the field's range, got "-1"`},
		{inSpan(`"startTimeUnixNano":18446744073709551616`), inFirst + `startTimeUnixNano: want a whole number within the field's range, got "18446744073709551616"`},
		{inSpan(`"flags":4294967296`), inFirst + `flags: want a whole number within the field's range, got "4294967296"`},
		{inSpan(`"droppedLinksCount":1.5`), inFirst + `droppedLinksCount: want a whole number within the field's range, got "1.5"`},
		{inSpan(`"parentSpanId":7`), inFirst + `parentSpanId: want a string, got '7'`},
		{inValue(`{"intValue":"1e19"}`), inFirst + `attributes[0].value.intValue: want a whole number within the field's range, got "1e19"`},
		{inValue(`{"intValue":"1 "}`), inFirst + `attributes[0].value.intValue: want a whole number within the field's range, got "1 "`},
		{inValue(`{"intValue":"01"}`), inFirst + `attributes[0].value.intValue: want a whole number within the field's range, got "01"`},
		{inValue(`{"intValue":"--1"}`), inFirst + `attributes[0].value.intValue: want a whole number within the field's range, got "--1"`},
		{inValue(`{"doubleValue":1e999}`), inFirst + `attributes[0].value.doubleValue: want a number that a double can hold, got "1e999"`},
		{inValue(`{"doubleValue":"0x1p3"}`), inFirst + `attributes[0].value.doubleValue: want a number that a double can hold, got "0x1p3"`},
		{inValue(`{"boolValue":"true"}`), inFirst + `attributes[0].value.boolValue: want true or false, got '"'`},
		{inValue(`{"bytesValue":"a"}`), inFirst + `attributes[0].value.bytesValue: want base64: illegal base64 data at input byte 0`},
		{`{"a":` + strings.Repeat("[", maxSkipDepth+1), `nested too deep`},
	} {
		got, err := JSONToProto([]byte("kept"), []byte(c.in))
		if !errors.Is(err, query.ErrInvalid) || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%.200s: got %v, want %s", c.in, err, c.want)
		}
		if string(got) != "kept" {
			t.Errorf("%.200s: appended %q", c.in, got)
		}
	}
}

func TestJSONWithBadSpansKeepsTheOthers(t *testing.T) {
	deep := func(levels int) string {
		v := `{"intValue":1}`
		for range levels {
			v = `{"arrayValue":{"values":[` + v + `]}}`
		}
		return `"attributes":[{"key":"k","value":` + v + `}]`
	}
	for _, c := range []struct{ fields, want string }{
		{`"traceId":"0123","name":"x"`, `span 0 "x": trace id of 2 bytes`},
		{`"traceId":"","name":"x"`, `span 0 "x": trace id of 0 bytes`},
		{`"traceId":"this is not hex!"`, `span 0 "": trace id of 17 bytes`},
		{`"spanId":"not hex!"`, `span 0 "": span id of 9 bytes`},
		{`"spanId":"` + strings.Repeat("ab", 1000) + `"`, `span 0 "": span id of 64 bytes`},
		{`"parentSpanId":"zz"`, `span 0 "": parent span id of 2 bytes`},
		{`"name":"` + "\xff" + `"`, `span 0 "\xff": name is not valid UTF-8`},
		{deep(MaxDepth + 1), `span 0 "": attribute value nests too deep`},
		{deep(3000), `span 0 "": attribute value nests too deep`},
		{deep(MaxDepth), ``},
	} {
		b, err := JSONToProto(nil, []byte(inSpan(c.fields)))
		if err != nil {
			t.Errorf("%.100s: %v", c.fields, err)
			continue
		}
		result, err := Walk(b, nil)
		if err != nil {
			t.Errorf("%.100s: %v", c.fields, err)
		}
		if c.want != "" {
			c.want = "1 span rejected: " + c.want
		}
		if result.Message != c.want {
			t.Errorf("%.100s: got message %q, want %q", c.fields, result.Message, c.want)
		}
	}
}

func TestAppendJSONRepairsText(t *testing.T) {
	s := &span.Span{TraceID: span.TraceID{1}, SpanID: span.SpanID{2}, Name: "a\xffb\x00\u2028\ufffd\x7f<"}
	want := `{"traceId":"01000000000000000000000000000000","spanId":"0200000000000000","name":"a` + "\ufffd" + `b\u0000` + "\u2028\ufffd\x7f<" + `"}`
	got := AppendSpanJSON(nil, s)
	if string(got) != want || !json.Valid(got) {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(AppendJSON([]byte("x"), nil)); got != "x{}" {
		t.Errorf("no spans: got %s", got)
	}
}

func BenchmarkJSONToProto(b *testing.B) {
	const n = 1000
	text := AppendJSON(nil, workload(n))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		var err error
		if buf, err = JSONToProto(buf[:0], text); err != nil {
			b.Fatal(err)
		}
	}
	perSpan(b, n, len(text))
}

func BenchmarkAppendJSON(b *testing.B) {
	const n = 1000
	spans := workload(n)
	text := AppendJSON(nil, spans)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		text = AppendJSON(text[:0], spans)
	}
	perSpan(b, n, len(text))
}
