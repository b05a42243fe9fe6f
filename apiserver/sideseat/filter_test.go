package sideseat_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
	"github.com/spanstead/spanstead/apiserver/sideseat/filter"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// chooser makes random spans and filters that have something to do with each
// other.
type chooser struct{ *rand.Rand }

func pick[T any](c chooser, list ...T) T { return list[c.IntN(len(list))] }

func (c chooser) value() span.Value {
	switch c.IntN(8) {
	case 0:
		return span.Int(pick[int64](c, 0, 1, 5, 100, -3, 1<<40))
	case 1:
		return span.Double(pick(c, 0.5, 1.5, 100, 1e-7))
	case 2:
		return span.Bool(c.IntN(2) == 0)
	case 3:
		return span.Array(span.String("a"), span.Int(1))
	case 4:
		return span.Value{}
	case 5:
		return span.String(pick(c, "5", "100", " 7 ", "8.5", "", "chat"))
	case 6:
		return span.String(pick(c, `{"thread_id":"s1","user_id":"u1"}`, `{"thread_id":5}`, `{"x":"thread_id"}`, "[1]", "{"))
	}
	return span.String(pick(c, "s1", "u1", "a", "gpt-4o", "chat", "openai", "LLM", "ß"))
}

func (c chooser) attributes(keys []string) []span.KeyValue {
	var out []span.KeyValue
	used := map[string]bool{}
	for range c.IntN(7) {
		key := pick(c, keys...)
		if !used[key] {
			used[key] = true
			out = append(out, span.KeyValue{Key: key, Value: c.value()})
		}
	}
	return out
}

var spanKeys = func() []string {
	keys := []string{
		derive.KeyOperation, derive.KeyOIKind, derive.KeyAgentName, derive.KeyToolName, derive.KeyMetadata, derive.KeyCostTotal,
		"http.method", "db.system", "langsmith.span.kind", "ai.model.id", "gen_ai.response.model", "llm.cost.prompt",
	}
	for _, list := range [][]string{
		derive.SessionKeys, derive.UserKeys, derive.ModelKeys, derive.SystemKeys, derive.TagKeys, derive.InputTokenKeys,
		derive.OutputTokenKeys, derive.TotalTokenKeys, derive.CacheReadTokenKeys, derive.ReasoningTokenKeys,
	} {
		keys = append(keys, list...)
	}
	return keys
}()

func (c chooser) span() *span.Span {
	s := &span.Span{
		TraceID: span.TraceID{15: byte(1 + c.IntN(3))}, SpanID: span.SpanID{7: byte(1 + c.IntN(3))},
		Name:              pick(c, "chat", "agent run", "GET /", "retrieve", "", "TOOL", "ünïcode"),
		StartTimeUnixNano: uint64(1_737_886_354_000_000_000 + c.Int64N(3)*1_000_000_999),
		Attributes:        c.attributes(spanKeys),
		Resource:          &span.Resource{Attributes: c.attributes(append([]string{"service.name"}, derive.EnvironmentKeys...))},
		Scope:             &span.Scope{},
		Status:            span.Status{Code: span.StatusCode(c.IntN(4)), Message: pick(c, "", "m")},
	}
	if c.IntN(4) > 0 {
		s.EndTimeUnixNano = uint64(int64(s.StartTimeUnixNano) + pick[int64](c, 0, 999_999, 1_000_000, 5_000_000, 100_000_001, -5_000_000))
	}
	return s
}

func (c chooser) filters(columns []string) string {
	var list []map[string]any
	for range 1 + c.IntN(2) {
		if c.IntN(2) == 0 {
			list = append(list, c.pageFilter(pick(c, columns...)))
			continue
		}
		list = append(list, c.serviceFilter(pick(c, columns...)))
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (c chooser) operand() any {
	if c.IntN(2) == 0 {
		return pick[any](c, 0, 1, 5, 100, 0.5, 99.5, -3, 1e-7, 1e300, 0.000075)
	}
	return pick[any](c, "s1", "u1", "chat", "a", "", "5", "100", "agent", "OK", "UNSET", "span", "generation", "gpt-4o",
		"2025-01-26T10:12:34Z", "2025-01-26", "00000000000000000000000000000001", "0000000000000001", `["a","1"]`)
}

func (c chooser) pageFilter(column string) map[string]any {
	op := pick(c, "eq", "ne", "contains", "starts_with", "in", "gt", "lt", "gte", "lte", "is_null", "is_not_null")
	f := map[string]any{"key": column, "op": op, "value": c.operand()}
	switch op {
	case "contains", "starts_with":
		f["value"] = fmt.Sprint(c.operand())
	case "in":
		f["value"] = []any{c.operand(), c.operand()}[:c.IntN(3)]
	}
	return f
}

func (c chooser) serviceFilter(column string) map[string]any {
	f := map[string]any{"column": column}
	switch f["type"] = pick(c, "string", "number", "datetime", "string_options", "boolean", "null"); f["type"] {
	case "string":
		f["operator"], f["value"] = pick(c, "=", "contains", "starts_with", "ends_with"), fmt.Sprint(c.operand())
	case "number":
		f["operator"], f["value"] = pick(c, "=", ">", "<", ">=", "<="), pick(c, 0, 1, 5, 99.5, 100, 0.0000005)
	case "datetime":
		f["operator"], f["value"] = pick(c, ">", "<", ">=", "<="), pick(c, "2025-01-26T10:12:34Z", "2025-01-26 10:12:35.000000", "epoch", "infinity")
	case "string_options":
		f["operator"], f["value"] = pick(c, "any of", "none of"), []string{fmt.Sprint(c.operand()), fmt.Sprint(c.operand())}[:c.IntN(3)]
	case "boolean":
		f["operator"], f["value"] = pick(c, "=", "<>"), c.IntN(2) == 0
	case "null":
		f["operator"] = pick(c, "is null", "is not null")
	}
	return f
}

// TestFiltersAgainstMatch holds the expression that the store is given to the
// plain evaluation of the same filter over the derived span: what is sure
// holds, what is neither sure nor in doubt does not.
func TestFiltersAgainstMatch(t *testing.T) {
	c := chooser{rand.New(rand.NewPCG(7, 7))}
	deriver := derive.New(nil)
	held, doubted := 0, 0
	for round := range 4000 {
		set := pick(c, filter.Traces, filter.Spans, filter.Sessions)
		text := c.filters(set.Names())
		conditions, err := filter.Parse(text, filter.Both, set)
		if err != nil {
			t.Fatalf("round %d: %s: %v", round, text, err)
		}
		if faulty(conditions) {
			continue
		}
		plan := filter.All(conditions)
		if err := query.Check(plan.Sure); err != nil {
			t.Fatal(err)
		}
		for range 12 {
			s := c.span()
			d := deriver.Span(s)
			row := &filter.Row{Span: d, TraceID: s.TraceID.String(), SpanID: s.SpanID.String()}
			want := true
			for _, cond := range conditions {
				want = want && cond.Holds(row)
			}
			sure := query.Match(plan.Sure, s)
			doubt := plan.Doubt != nil && query.Match(plan.Doubt, s)
			if sure && !want || want && !sure && !doubt {
				t.Fatalf("round %d: %s holds: %v, sure %v, in doubt %v for\n%+v", round, text, want, sure, doubt, s)
			}
			if want {
				held++
			}
			if doubt && !sure {
				doubted++
			}
		}
	}
	if held < 1000 || doubted < 100 {
		t.Errorf("only %d spans held and %d were in doubt", held, doubted)
	}
}

func faulty(conditions []*filter.Condition) bool {
	for _, c := range conditions {
		if c.Fault() != nil {
			return true
		}
	}
	return false
}

// TestObservationFilter holds the filter for observations to the derivation.
func TestObservationFilter(t *testing.T) {
	c := chooser{rand.New(rand.NewPCG(8, 8))}
	is := derive.IsObservation()
	observations := 0
	for range 20_000 {
		s := c.span()
		want := derive.Observation(s) != derive.ObservationSpan
		if got := query.Match(is, s); got != want {
			t.Fatalf("filter says %v, derivation %v for %+v", got, want, s)
		}
		if want {
			observations++
		}
	}
	if observations == 0 {
		t.Error("no observation was made")
	}
}

func FuzzFilters(f *testing.F) {
	for _, s := range []string{
		`[]`, `[{"key":"environment","op":"eq","value":"production"}]`, `[{"type":"null","column":"user_id","operator":"is null"}]`,
		`[{"type":"string_options","column":"tags","operator":"any of","value":["\u0000\ud800"]}]`, `[1e999]`, `[{"key":"duration_ms","op":"gt","value":1e308}]`, `{`, "[\n nul",
	} {
		f.Add(s)
	}
	row := &filter.Row{Span: &derive.Span{Raw: &span.Span{}}}
	f.Fuzz(func(t *testing.T, text string) {
		for _, g := range []filter.Grammar{filter.Both, filter.Service} {
			conditions, err := filter.Parse(text, g, filter.Traces)
			if err != nil {
				continue
			}
			for _, c := range conditions {
				if c.Fault() == nil {
					c.Holds(row)
					if err := query.Check(c.Plan().Sure); err != nil {
						t.Errorf("%q: %v", text, err)
					}
				}
			}
		}
		_, _ = filter.Strings(text, "trace_ids", "Body") // it must not panic
	})
}
