package truefoundry_test

import (
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/apiserver/truefoundry"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

func truefoundryParse(body string) (query.Spans, error) { return truefoundry.Parse(body, now) }

// random makes spans and filters of few values, so that they meet.
type random struct{ *rand.Rand }

var texts = []string{"", "a", "ab", "b", "Error", "user", "1"}

func (r random) value() span.Value {
	switch r.IntN(7) {
	case 0:
		return span.Int(int64(r.IntN(4)))
	case 1:
		return span.Double(float64(r.IntN(6)) / 2)
	case 2:
		return span.Bool(r.IntN(2) == 0)
	case 3:
		return span.Array(span.String(pick(r.Rand, texts)), span.String("z"))
	case 4:
		return span.Array(span.Int(int64(r.IntN(4))), span.Double(1.5))
	}
	return span.String(pick(r.Rand, texts))
}

// entries is an object with some of the keys, in one of its two forms.
func (r random) entries(keys ...string) span.Value {
	var kvs []span.KeyValue
	for _, key := range keys {
		if r.IntN(3) > 0 {
			kvs = append(kvs, span.KeyValue{Key: key, Value: span.String(pick(r.Rand, texts))})
		}
	}
	switch r.IntN(5) {
	case 0:
		return span.String(" " + string(span.AppendJSONObject(nil, kvs)))
	case 1:
		return span.String("no object")
	}
	return span.KVList(kvs...)
}

func (r random) span(i int) *span.Span {
	s := named(pick(r.Rand, texts), 1+r.IntN(20))
	s.TraceID, s.SpanID = span.TraceID{byte(r.IntN(5) + 1)}, span.SpanID{0xab, byte(i >> 8), byte(i)}
	s.EndTimeUnixNano = s.StartTimeUnixNano + uint64(r.IntN(4))*500_000
	s.Status.Code = span.StatusCode(r.IntN(3))
	s.Scope = &span.Scope{Name: pick(r.Rand, texts)}
	if r.IntN(2) == 0 {
		s.ParentSpanID = span.SpanID{0xab, byte(r.IntN(3)), 1}
	}
	add := func(kvs *[]span.KeyValue, key string, v span.Value) {
		if r.IntN(2) == 0 {
			*kvs = append(*kvs, span.KeyValue{Key: key, Value: v})
		}
	}
	for _, key := range []string{"x", "y", "tags"} {
		add(&s.Attributes, key, r.value())
	}
	add(&s.Attributes, "tfy.request.created_by_subject", r.entries("subjectSlug", "subjectType"))
	add(&s.Attributes, "tfy.request.metadata", r.entries("m", "n"))
	s.Resource = &span.Resource{}
	for _, key := range []string{"service.name", "deployment.environment.name", "deployment.environment"} {
		add(&s.Resource.Attributes, key, span.String(pick(r.Rand, texts)))
	}
	if r.IntN(3) == 0 {
		s.Events = []span.Event{{Name: "tfy.feedback", Attributes: []span.KeyValue{{Key: "tfy.feedback.rating", Value: span.Int(int64(r.IntN(4)))}}}}
		add(&s.Events[0].Attributes, "tfy.feedback.comment", span.String(pick(r.Rand, texts)))
	}
	return s
}

// wanted is a filter as it is sent, with the member that names its target.
type wanted struct {
	member, target, operator string
	value                    any
}

func (w wanted) MarshalJSON() ([]byte, error) {
	return json.Marshal(object{w.member: w.target, "operator": w.operator, "value": w.value})
}

var (
	fieldNames = []string{"spanName", "spanId", "traceId", "parentSpanId", "applicationName", "createdBySubjectSlug", "createdBySubjectType",
		"durationInNs", "durationInMs", "spanStatusCode", "tag", "scopeName", "environment", "feedbacks"}
	operatorNames = []string{"EQUAL", "NOT_EQUAL", "GREATER_THAN", "LESS_THAN", "GREATER_THAN_EQUAL", "LESS_THAN_EQUAL", "BETWEEN", "IN", "NOT_IN",
		"STRING_CONTAINS", "STRING_NOT_CONTAINS", "STRING_STARTS_WITH", "STRING_NOT_STARTS_WITH", "STRING_ENDS_WITH", "STRING_NOT_ENDS_WITH",
		"ARRAY_HAS_ANY", "ARRAY_HAS_NONE", "PRESENT", "IS_NULL"}
)

func (r random) filter() wanted {
	w := wanted{operator: pick(r.Rand, operatorNames)}
	scalar := func() any { return pick(r.Rand, []any{pick(r.Rand, texts), float64(r.IntN(6)) / 2, r.IntN(2) == 0}) }
	switch r.IntN(3) {
	case 0:
		w.member, w.target = "spanFieldName", pick(r.Rand, fieldNames)
		switch w.target {
		case "durationInNs":
			scalar = func() any { return r.IntN(4) * 500_000 }
		case "durationInMs":
			scalar = func() any { return float64(r.IntN(6)) / 4 }
		case "spanId", "traceId", "parentSpanId":
			scalar = func() any {
				return pick(r.Rand, []any{"", "a", "AB", span.TraceID{2}.String(), span.SpanID{0xab, 0, 1}.String(), "0"})
			}
		case "feedbacks":
			scalar = func() any { return pick(r.Rand, []any{pick(r.Rand, texts), r.IntN(4)}) }
		default:
			scalar = func() any { return pick(r.Rand, texts) }
		}
	case 1:
		w.member, w.target = "spanAttributeKey", pick(r.Rand, []string{"x", "y", "none"})
	default:
		w.member, w.target = "gatewayRequestMetadataKey", pick(r.Rand, []string{"m", "n", "none"})
		scalar = func() any { return pick(r.Rand, texts) }
	}
	w.value = scalar()
	switch w.operator {
	case "BETWEEN", "IN", "NOT_IN", "ARRAY_HAS_ANY", "ARRAY_HAS_NONE":
		w.value = []any{w.value, scalar()}
	}
	return w
}

// holds is what the README says of a filter, in the plainest words of Go.
func (w wanted) holds(s *span.Span) bool {
	operator, negated := w.operator, false
	for plain, opposite := range map[string]string{
		"EQUAL": "NOT_EQUAL", "IN": "NOT_IN", "STRING_CONTAINS": "STRING_NOT_CONTAINS", "STRING_STARTS_WITH": "STRING_NOT_STARTS_WITH",
		"STRING_ENDS_WITH": "STRING_NOT_ENDS_WITH", "ARRAY_HAS_ANY": "ARRAY_HAS_NONE", "PRESENT": "IS_NULL",
	} {
		if w.operator == opposite {
			operator, negated = plain, true
		}
	}
	has, present := w.values(s, operator)
	if operator == "PRESENT" {
		if w.value == false {
			negated = !negated
		}
		return present != negated
	}
	list, isList := w.value.([]any)
	if !isList {
		list = []any{w.value}
	}
	matches := false
	if operator == "BETWEEN" {
		matches = slices.ContainsFunc(has, func(v any) bool { return compare("GREATER_THAN_EQUAL", v, list[0]) }) &&
			slices.ContainsFunc(has, func(v any) bool { return compare("LESS_THAN_EQUAL", v, list[1]) })
	} else {
		for _, v := range has {
			matches = matches || slices.ContainsFunc(list, func(x any) bool { return compare(operator, v, x) })
		}
	}
	return matches != negated
}

// compare compares a value that a span has with a wanted one of its own type.
func compare(operator string, v, x any) bool {
	if n, ok := x.(int); ok {
		x = float64(n)
	}
	var sign int
	switch x := x.(type) {
	case string:
		s, ok := v.(string)
		if !ok {
			return false
		}
		switch operator {
		case "STRING_CONTAINS":
			return strings.Contains(s, x)
		case "STRING_STARTS_WITH":
			return strings.HasPrefix(s, x)
		case "STRING_ENDS_WITH":
			return strings.HasSuffix(s, x)
		}
		sign = strings.Compare(s, x)
	case float64:
		n, ok := v.(float64)
		if !ok {
			return false
		}
		sign = cmp.Compare(n, x)
	case bool:
		return v == x
	}
	switch operator {
	case "GREATER_THAN":
		return sign > 0
	case "GREATER_THAN_EQUAL":
		return sign >= 0
	case "LESS_THAN":
		return sign < 0
	case "LESS_THAN_EQUAL":
		return sign <= 0
	}
	return sign == 0
}

// values are what a span has to be compared, and whether it has it at all.
func (w wanted) values(s *span.Span, operator string) (values []any, present bool) {
	switch w.member {
	case "spanAttributeKey":
		v, ok := span.Lookup(s.Attributes, w.target)
		return plainValues(v, operator == "ARRAY_HAS_ANY"), ok
	case "gatewayRequestMetadataKey":
		return memberOf(s, "tfy.request.metadata", w.target)
	}
	shown := func(v string) ([]any, bool) { return []any{v}, true }
	switch w.target {
	case "spanName":
		return shown(s.Name)
	case "scopeName":
		return shown(s.Scope.Name)
	case "applicationName":
		_, ok := span.Lookup(s.Resource.Attributes, "service.name")
		return []any{s.ServiceName()}, ok
	case "createdBySubjectSlug":
		return memberOf(s, "tfy.request.created_by_subject", "subjectSlug")
	case "tag":
		v, ok := span.Lookup(s.Attributes, "tags")
		return plainValues(v, true), ok
	case "environment":
		for _, key := range []string{"deployment.environment.name", "deployment.environment"} {
			if v, ok := span.Lookup(s.Resource.Attributes, key); ok {
				return shown(v.Str())
			}
		}
		return nil, false
	case "durationInNs":
		return []any{float64(s.DurationNano())}, true
	case "durationInMs":
		return []any{float64(s.DurationNano()) / 1e6}, true
	case "feedbacks":
		for _, e := range s.Events {
			for _, kv := range e.Attributes {
				values = append(values, plainValues(kv.Value, false)...)
			}
		}
		return values, len(s.Events) > 0
	}
	return w.inAnyCase(s)
}

// inAnyCase is of the fields that are compared without case: it turns the
// span's value into the spelling of the wanted one.
func (w wanted) inAnyCase(s *span.Span) (values []any, present bool) {
	switch w.target {
	case "spanId":
		values, present = []any{s.SpanID.String()}, true
	case "traceId":
		values, present = []any{s.TraceID.String()}, true
	case "parentSpanId":
		values, present = []any{""}, !s.ParentSpanID.IsZero()
		if present {
			values = []any{s.ParentSpanID.String()}
		}
	case "spanStatusCode":
		values, present = []any{s.Status.Code.String()}, true
	case "createdBySubjectType":
		values, present = memberOf(s, "tfy.request.created_by_subject", "subjectType")
	}
	for i := range values {
		values[i] = strings.ToLower(values[i].(string))
	}
	return values, present
}

func memberOf(s *span.Span, key, member string) ([]any, bool) {
	v, _ := span.Lookup(s.Attributes, key)
	entries := map[string]string{}
	if v.Type() == span.TypeString {
		_ = json.Unmarshal([]byte(v.Str()), &entries)
	}
	for _, kv := range v.List() {
		entries[kv.Key] = kv.Value.Str()
	}
	text, ok := entries[member]
	if !ok {
		return nil, false
	}
	return []any{text}, true
}

func plainValues(v span.Value, each bool) []any {
	switch v.Type() {
	case span.TypeString:
		return []any{v.Str()}
	case span.TypeBool:
		return []any{v.Bool()}
	case span.TypeInt, span.TypeDouble:
		n, _ := v.Number()
		return []any{n}
	case span.TypeArray:
		var all []any
		for _, e := range v.List() {
			if each {
				all = append(all, plainValues(e.Value, false)...)
			}
		}
		return all
	}
	return nil
}

// lowered is the filter as inAnyCase wants it.
func (w wanted) lowered() wanted {
	switch w.target {
	case "spanId", "traceId", "parentSpanId", "spanStatusCode", "createdBySubjectType":
	default:
		return w
	}
	lower := func(v any) any { return strings.ToLower(v.(string)) }
	if list, ok := w.value.([]any); ok {
		w.value = []any{lower(list[0]), lower(list[1])}
	} else {
		w.value = lower(w.value)
	}
	return w
}

// TestRandomFilters compares answers to random filters over random spans with
// query.Match and with the model.
func TestRandomFilters(t *testing.T) {
	const seed = 3
	r := random{rand.New(rand.NewPCG(seed, 0))}
	st := storetest.New(t)
	spans := make([]*span.Span, 300)
	for i := range spans {
		spans[i] = r.span(i)
	}
	load(t, st, store.DefaultWorkspace, spans...)
	h := rest.NewRouter(adapter(st))
	taken, found, by := 0, 0, map[string]int{}
	for i := range 3000 {
		filters := []wanted{r.filter(), r.filter()}[:1+r.IntN(2)]
		body, err := json.Marshal(object{"startTime": "1970-01-01", "dataRoutingDestination": "default", "limit": 1000, "sortDirection": "asc", "filters": filters})
		if err != nil {
			t.Fatal(err)
		}
		q, err := truefoundryParse(string(body))
		a := post(t, h, string(body))
		if err != nil {
			if a.status != 400 {
				t.Fatalf("%s: %d, want 400: %v", body, a.status, err)
			}
			continue
		}
		taken++
		var match, model, got []string
		for _, s := range spans {
			id := s.SpanID.String()
			if query.Match(q.Filter, s) {
				match = append(match, id)
			}
			if !slices.ContainsFunc(filters, func(w wanted) bool { return !w.lowered().holds(s) }) {
				model = append(model, id)
			}
		}
		for _, s := range a.Data {
			got = append(got, s.SpanID)
		}
		slices.Sort(got)
		if d := diff.Diff(match, got); d != "" {
			t.Fatalf("seed %d, question %d: %s (-match +got):\n%s", seed, i, body, d)
		}
		if d := diff.Diff(model, got); d != "" {
			t.Fatalf("seed %d, question %d: %s (-model +got):\n%s", seed, i, body, d)
		}
		if len(got) > 0 && len(got) < len(spans) {
			found++
			for _, w := range filters {
				by[w.operator]++
				by[w.target]++
			}
		}
	}
	if taken < 1000 || found < 500 {
		t.Errorf("only %d questions were taken and %d told spans apart", taken, found)
	}
	for _, name := range append(slices.Clone(operatorNames), fieldNames...) {
		if name != "spanId" && by[name] < 3 {
			t.Errorf("%s told spans apart %d times", name, by[name])
		}
	}
}
