package pipeline_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"

	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/engine/span"
)

// The grammar read a second time, as plainly as it can be: texts, Go's own
// string functions, and loops. Random conditions are held against it.

// textsOf are the values that a field has, as the vendor shows them; one that
// is missing is "".
func textsOf(s *span.Span, field string) []string {
	var found []string
	add := func(kvs []span.KeyValue, key string) {
		for _, kv := range kvs {
			if kv.Key == key {
				found = append(found, kv.Value.Text())
			}
		}
	}
	events := func(key string) {
		for _, e := range s.Events {
			add(e.Attributes, key)
		}
	}
	key := field
	switch {
	case field == "SpanName":
		return []string{s.Name}
	case field == "SpanKind":
		return []string{pipeline.KindName(s.Kind)}
	case field == "StatusCode":
		return []string{pipeline.StatusName(s.Status.Code)}
	case field == "Duration":
		return []string{fmt.Sprint(s.DurationNano())}
	case field == "ServiceName":
		add(s.Resource.Attributes, "service.name")
	case field == "ParentSpanId":
		if !s.ParentSpanID.IsZero() {
			found = append(found, s.ParentSpanID.String())
		}
	case strings.HasPrefix(field, "attributes['"):
		add(s.Attributes, strings.TrimSuffix(field[12:], "']"))
	case strings.HasPrefix(field, "resources['"):
		add(s.Resource.Attributes, strings.TrimSuffix(field[11:], "']"))
	case strings.HasPrefix(field, "events['"):
		events(strings.TrimSuffix(field[8:], "']"))
	case strings.HasPrefix(field, "resource."):
		add(s.Resource.Attributes, field[9:])
	case strings.HasPrefix(field, "span."):
		add(s.Attributes, field[5:])
	default:
		if add(s.Attributes, key); found == nil {
			add(s.Resource.Attributes, key)
		}
		if found == nil {
			add(s.Scope.Attributes, key)
		}
		if found == nil {
			events(key)
		}
	}
	if found == nil {
		return []string{""}
	}
	return found
}

func numeric(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || s == "" || !strings.ContainsRune("0123456789+-.", rune(s[0])) {
		return 0, false
	}
	return f, true
}

func modelCompare(op, have, want string) bool {
	fold := strings.HasPrefix(op, "$i")
	if fold {
		op = "$" + op[2:]
	}
	folded := func(s string) string {
		if fold {
			return strings.ToLower(s)
		}
		return s
	}
	switch op {
	case "$eq":
		return folded(have) == folded(want)
	case "$contains":
		return strings.Contains(folded(have), folded(want))
	case "$regex":
		if fold {
			want = "(?i)" + want
		}
		return regexp.MustCompile(want).MatchString(have)
	case "$containsWords":
		tokens := words(folded(have))
		for w := range words(folded(want)) {
			if !tokens[w] {
				return false
			}
		}
		return true
	}
	x, xOK := numeric(have)
	y, yOK := numeric(want)
	sign := strings.Compare(have, want)
	if yOK {
		if !xOK {
			return false
		}
		sign = 0
		if x < y {
			sign = -1
		} else if x > y {
			sign = 1
		}
	}
	return map[string]bool{"$gt": sign > 0, "$gte": sign >= 0, "$lt": sign < 0, "$lte": sign <= 0}[op]
}

func words(s string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsFuncSeq(s, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r >= 0x80)
	}) {
		set[w] = true
	}
	return set
}

var negations = map[string]string{
	"$neq": "$eq", "$ineq": "$ieq", "$notcontains": "$contains", "$inotcontains": "$icontains",
	"$notregex": "$regex", "$inotregex": "$iregex", "$notcontainsWords": "$containsWords", "$inotcontainsWords": "$icontainsWords",
}

// modelMatch evaluates a condition that was made by randomCondition.
func modelMatch(c map[string]any, s *span.Span) bool {
	for op, arg := range c {
		switch op {
		case "$and", "$not":
			all := true
			for _, p := range arg.([]any) {
				all = all && modelMatch(p.(map[string]any), s)
			}
			return all == (op == "$and")
		case "$or":
			for _, p := range arg.([]any) {
				if modelMatch(p.(map[string]any), s) {
					return true
				}
			}
			return false
		}
		pair := arg.([]any)
		positive, negated := negations[op]
		if !negated {
			positive = op
		}
		any := false
		for _, have := range textsOf(s, pair[0].(string)) {
			any = any || modelCompare(positive, have, pair[1].(string))
		}
		return any != negated
	}
	return true
}

var (
	modelFields = []string{
		"SpanName", "SpanKind", "StatusCode", "Duration", "ServiceName", "ParentSpanId", "service.name", "code", "msg", "ghost",
		"attributes['code']", "attributes['msg']", "resources['service.name']", "events['msg']", "resource.zone", "span.zone", "zone",
	}
	modelOps = []string{
		"$eq", "$ieq", "$neq", "$ineq", "$gt", "$gte", "$lt", "$lte", "$contains", "$icontains", "$notcontains", "$inotcontains",
		"$regex", "$iregex", "$notregex", "$inotregex", "$containsWords", "$icontainsWords", "$notcontainsWords", "$inotcontainsWords",
	}
	modelValues = []string{
		"", "200", "404", "7", "-1.5", "api", "API", "Disk full", "disk", "full", "é", "SPAN_KIND_SERVER", "server", "UNSPECIFIED",
		"STATUS_CODE_OK", "unset", "eu-1", "1000", "true", "[1,2]", "GET /", "1e3",
	}
	modelTexts = []string{"", "api", "API", "Disk full on node", "disk", "diskfull", "é", "200", "1e3", "eu-1", "GET /x", "0x10"}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func randomCondition(r *rand.Rand, depth int) map[string]any {
	if depth > 0 && r.IntN(3) == 0 {
		op := pick(r, []string{"$and", "$or", "$not"})
		parts := []any{}
		for range 1 + r.IntN(3) {
			parts = append(parts, randomCondition(r, depth-1))
		}
		return map[string]any{op: parts}
	}
	field, op, value := pick(r, modelFields), pick(r, modelOps), pick(r, modelValues)
	if field == "Duration" && strings.Contains("$gt $gte $lt $lte", op) {
		value = fmt.Sprint(r.IntN(5))
	}
	if strings.HasSuffix(op, "regex") {
		value = regexp.QuoteMeta(value)
		if r.IntN(2) == 0 {
			value = "^" + value
		}
	}
	return map[string]any{op: []any{field, value}}
}

func randomValue(r *rand.Rand) span.Value {
	switch r.IntN(6) {
	case 0:
		return span.Int(int64(r.IntN(500)))
	case 1:
		return span.Double(float64(r.IntN(20)) / 4)
	case 2:
		return span.Bool(r.IntN(2) == 0)
	case 3:
		return span.Array(span.Int(1), span.Int(2))
	}
	return span.String(pick(r, modelTexts))
}

func randomAttributes(r *rand.Rand, keys ...string) []span.KeyValue {
	var kvs []span.KeyValue
	for _, k := range keys {
		if r.IntN(3) > 0 {
			kvs = append(kvs, span.KeyValue{Key: k, Value: randomValue(r)})
		}
	}
	return kvs
}

func randomSpan(r *rand.Rand) *span.Span {
	s := &span.Span{
		Name: pick(r, modelTexts), Kind: span.Kind(r.IntN(8)), Status: span.Status{Code: span.StatusCode(r.IntN(4))},
		StartTimeUnixNano: 1_000_000_000 + uint64(r.IntN(1_000_000_000)),
		Attributes:        randomAttributes(r, "code", "msg", "zone"),
		Resource:          &span.Resource{Attributes: randomAttributes(r, "service.name", "zone", "msg")},
		Scope:             &span.Scope{Attributes: randomAttributes(r, "zone")},
	}
	s.EndTimeUnixNano = s.StartTimeUnixNano + uint64(r.IntN(5))
	s.TraceID[0], s.SpanID[0] = byte(1+r.IntN(20)), 1
	s.SpanID[4], s.SpanID[5], s.SpanID[6], s.SpanID[7] = byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())
	if r.IntN(2) == 0 {
		s.ParentSpanID[7] = byte(1 + r.IntN(3))
	}
	for range r.IntN(3) {
		s.Events = append(s.Events, span.Event{Name: "e", Attributes: randomAttributes(r, "msg", "ghost")})
	}
	return s
}
