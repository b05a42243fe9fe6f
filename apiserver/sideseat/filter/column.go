package filter

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
)

// column is one thing that can be asked for, with how it is read of a span.
type column struct {
	name string
	kind kind
	text func(*Row) *string // of text and tags; nil result is null
	int  func(*Row) int64
	null func(*Row) bool
	plan planner
}

// Set is the columns of one list.
type Set map[string]*column

// Has reports whether a list has a column.
func (s Set) Has(name string) bool { return s[name] != nil }

// Traces, Spans and Sessions are the columns of the three lists.
var (
	Traces = setOf(append(append(commonColumns(), moneyColumns()...),
		textColumn("trace_name", func(r *Row) *string { return &r.Raw.Name }, namePlan),
		textColumn("gen_ai_system", func(r *Row) *string { return r.System }, attributePlan(derive.SpanFields(derive.SystemKeys))),
		tagsColumn())...)
	Spans = setOf(append(commonColumns(),
		textColumn("span_name", func(r *Row) *string { return &r.Raw.Name }, namePlan),
		textColumn("span_id", func(r *Row) *string { return &r.SpanID }, spanIDPlan),
		textColumn("status_code", func(r *Row) *string { return r.Status }, statusPlan),
		textColumn("observation_type", func(r *Row) *string { return &r.Observation }, observationPlan),
		textColumn("span_category", func(r *Row) *string { return &r.Category }, nil),
		textColumn("gen_ai_agent_name", func(r *Row) *string { return r.Agent }, attributePlan(derive.SpanFields([]string{derive.KeyAgentName}))),
		startColumn("timestamp_start"), endColumn("timestamp_end"))...)
	Sessions = pick(Traces, "environment", "session_id", "user_id", "start_time", "end_time")
)

func setOf(columns ...*column) Set {
	s := make(Set, len(columns))
	for _, c := range columns {
		s[c.name] = c
	}
	return s
}

func pick(from Set, names ...string) Set {
	s := make(Set, len(names))
	for _, n := range names {
		s[n] = from[n]
	}
	return s
}

// commonColumns are those of traces and of spans.
func commonColumns() []*column {
	return []*column{
		textColumn("trace_id", func(r *Row) *string { return &r.TraceID }, traceIDPlan),
		textColumn("environment", func(r *Row) *string { return r.Environment }, attributePlan(derive.ResourceFields(derive.EnvironmentKeys))),
		textColumn("session_id", func(r *Row) *string { return r.SessionID }, metadataPlan(derive.SpanFields(derive.SessionKeys))),
		textColumn("user_id", func(r *Row) *string { return r.UserID }, metadataPlan(derive.SpanFields(derive.UserKeys))),
		textColumn("gen_ai_request_model", func(r *Row) *string { return r.Model }, attributePlan(derive.SpanFields(derive.ModelKeys))),
		textColumn("framework", func(r *Row) *string { return &r.Framework }, nil),
		intColumn("duration_ms", kindInt, func(r *Row) int64 { return r.DurationMS }, durationPlan),
		startColumn("start_time"), endColumn("end_time"),
	}
}

func moneyColumns() []*column {
	token := func(name string, keys []string, of func(*Row) int64) *column {
		return intColumn(name, kindInt, of, tokenPlan(keys))
	}
	cost := func(name string, of func(*Row) int64) *column { return intColumn(name, kindMicros, of, costPlan) }
	return []*column{
		token("input_tokens", derive.InputTokenKeys, func(r *Row) int64 { return r.Tokens.Input }),
		token("output_tokens", derive.OutputTokenKeys, func(r *Row) int64 { return r.Tokens.Output }),
		token("cache_read_tokens", derive.CacheReadTokenKeys, func(r *Row) int64 { return r.Tokens.CacheRead }),
		token("cache_write_tokens", derive.CacheWriteTokenKeys, func(r *Row) int64 { return r.Tokens.CacheWrite }),
		token("reasoning_tokens", derive.ReasoningTokenKeys, func(r *Row) int64 { return r.Tokens.Reasoning }),
		intColumn("total_tokens", kindInt, func(r *Row) int64 { return r.Tokens.Total }, totalPlan),
		cost("input_cost", func(r *Row) int64 { return r.Costs.Input }),
		cost("output_cost", func(r *Row) int64 { return r.Costs.Output }),
		cost("cache_read_cost", func(r *Row) int64 { return r.Costs.CacheRead }),
		cost("cache_write_cost", func(r *Row) int64 { return r.Costs.CacheWrite }),
		cost("reasoning_cost", func(r *Row) int64 { return r.Costs.Reasoning }),
		cost("total_cost", func(r *Row) int64 { return r.Costs.Total }),
	}
}

func textColumn(name string, of func(*Row) *string, p planner) *column {
	return &column{name: name, kind: kindText, text: of, null: func(r *Row) bool { return of(r) == nil }, plan: p}
}

func intColumn(name string, k kind, of func(*Row) int64, p planner) *column {
	return &column{name: name, kind: k, int: of, null: func(*Row) bool { return false }, plan: p}
}

func startColumn(name string) *column {
	return intColumn(name, kindTime, func(r *Row) int64 { return r.Start }, startPlan)
}

func endColumn(name string) *column {
	c := intColumn(name, kindTime, func(r *Row) int64 { return r.End }, endPlan)
	c.null = func(r *Row) bool { return !r.HasEnd }
	return c
}

func tagsColumn() *column {
	return &column{name: "tags", kind: kindTags, null: func(*Row) bool { return false },
		text: func(r *Row) *string { t := TagText(r.Tags); return &t }, plan: tagsPlan}
}

// TagText is the list of tags as the JSON text that conditions on it see.
func TagText(tags []string) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, t := range tags {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(jsonText(t))
	}
	b.WriteByte(']')
	return b.String()
}

func jsonText(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil { // text always encodes
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Names are the columns of a list, sorted.
func (s Set) Names() []string { return slices.Sorted(maps.Keys(s)) }
