package sideseat

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
)

// placeProtobuf gives every span of a request ids that the store can keep. A
// request whose ids are all right is returned as it is.
func placeProtobuf(body []byte) ([]byte, error) {
	var req collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &req); err != nil {
		return nil, err
	}
	changed := false
	if kept := slices.DeleteFunc(slices.Clone(req.ResourceSpans), nameless); len(kept) < len(req.ResourceSpans) {
		req.ResourceSpans, changed = kept, true
	}
	for _, rs := range req.ResourceSpans {
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				if s != nil && placeSpanIDs(s) {
					changed = true
				}
			}
		}
	}
	if !changed {
		return body, nil
	}
	return proto.Marshal(&req)
}

// nameless reports whether spans come without a resource: the service writes
// the project into the resource, and loses the spans that have none.
func nameless(rs *trace1.ResourceSpans) bool { return rs.GetResource() == nil }

// placeSpanIDs moves ids of another length and remembers how they were sent.
func placeSpanIDs(s *trace1.Span) bool {
	var sent []*common.KeyValue
	remember := func(key string, id []byte) {
		sent = append(sent, &common.KeyValue{Key: key, Value: stringValue(hex.EncodeToString(id))})
	}
	if !fits(s.TraceId, 16) {
		remember(sentTrace, s.TraceId)
		id := placeTrace(s.TraceId)
		s.TraceId = id[:]
	}
	if !fits(s.SpanId, 8) {
		remember(sentSpan, s.SpanId)
		id := placeSpan(s.SpanId)
		s.SpanId = id[:]
	}
	if len(s.ParentSpanId) > 0 && !fits(s.ParentSpanId, 8) {
		remember(sentParent, s.ParentSpanId)
		id := placeSpan(s.ParentSpanId)
		s.ParentSpanId = id[:]
	}
	for _, l := range s.Links {
		placeLink(l)
	}
	if sent == nil {
		return false
	}
	s.Attributes = append(s.Attributes, &common.KeyValue{Key: derive.KeyIDs, Value: &common.AnyValue{
		Value: &common.AnyValue_KvlistValue{KvlistValue: &common.KeyValueList{Values: sent}},
	}})
	return true
}

// placeLink moves the ids of a link; what they were is not kept.
func placeLink(l *trace1.Span_Link) {
	if l == nil {
		return
	}
	if len(l.TraceId) != 16 {
		id := placeTrace(l.TraceId)
		l.TraceId = id[:]
	}
	if len(l.SpanId) != 8 {
		id := placeSpan(l.SpanId)
		l.SpanId = id[:]
	}
}

func stringValue(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}

// maxNesting bounds a JSON request; beyond it the store refuses it anyway.
const maxNesting = 256

// placeJSON is placeProtobuf for OTLP's JSON. Names in snake case are not read,
// as the service does not read them.
func placeJSON(body []byte) ([]byte, error) {
	if at := nestsTooDeep(body); at >= 0 {
		return nil, fmt.Errorf("nested deeper than %d at offset %d", maxNesting, at)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var req map[string]any
	if err := d.Decode(&req); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("trailing characters at offset %d", d.InputOffset())
	}
	if _, ok := req["resourceSpans"].([]any); !ok {
		return nil, errors.New("no list resourceSpans")
	}
	changed := false
	for _, rs := range objects(req["resourceSpans"]) {
		for _, ss := range objects(rs["scopeSpans"]) {
			for _, s := range objects(ss["spans"]) {
				odd, err := placeJSONSpan(s)
				if err != nil {
					return nil, err
				}
				changed = changed || odd
			}
		}
	}
	all, _ := req["resourceSpans"].([]any)
	kept := slices.DeleteFunc(slices.Clone(all), func(rs any) bool {
		o, _ := rs.(map[string]any)
		return o["resource"] == nil
	})
	if len(kept) < len(all) {
		req["resourceSpans"], changed = kept, true
	}
	if !changed {
		return body, nil
	}
	return json.Marshal(req)
}

func nestsTooDeep(b []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > maxNesting {
				return i
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return -1
}

func objects(v any) []map[string]any {
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	out := make([]map[string]any, 0, len(list))
	for _, e := range list {
		if o, ok := e.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

// placeJSONSpan changes one span if it must.
func placeJSONSpan(s map[string]any) (changed bool, err error) {
	for _, key := range []string{"trace_id", "span_id", "parent_span_id"} {
		if _, ok := s[key]; ok {
			delete(s, key)
			changed = true
		}
	}
	var sent []any
	for _, id := range []struct {
		key, sent string
		size      int
		optional  bool
	}{{"traceId", sentTrace, 16, false}, {"spanId", sentSpan, 8, false}, {"parentSpanId", sentParent, 8, true}} {
		text, _ := s[id.key].(string)
		b, err := hex.DecodeString(text)
		if err != nil {
			return false, fmt.Errorf("%s %.40q: %w", id.key, text, err)
		}
		if fits(b, id.size) || id.optional && len(b) == 0 {
			continue
		}
		sent = append(sent, map[string]any{"key": id.sent, "value": map[string]any{"stringValue": hex.EncodeToString(b)}})
		if id.size == 16 {
			s[id.key] = placeTrace(b).String()
		} else {
			s[id.key] = placeSpan(b).String()
		}
	}
	for _, l := range objects(s["links"]) {
		changed = placeJSONLink(l) || changed
	}
	if sent == nil {
		return changed, nil
	}
	attributes, _ := s["attributes"].([]any)
	s["attributes"] = append(attributes, map[string]any{
		"key": derive.KeyIDs, "value": map[string]any{"kvlistValue": map[string]any{"values": sent}},
	})
	return true, nil
}

func placeJSONLink(l map[string]any) (changed bool) {
	for key, size := range map[string]int{"traceId": 16, "spanId": 8} {
		text, _ := l[key].(string)
		b, err := hex.DecodeString(text)
		if err != nil || len(b) == size {
			continue
		}
		changed = true
		if size == 16 {
			l[key] = placeTrace(b).String()
		} else {
			l[key] = placeSpan(b).String()
		}
	}
	return changed
}
