package filter

import (
	"math"

	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Plan is a condition as the store can answer it. Every span that Sure holds
// for meets the condition; every other that meets it, Doubt holds for. Without
// doubt Doubt is nil.
type Plan struct {
	Sure  query.Expr
	Doubt query.Expr
}

// planner makes a condition's plan. A nil planner doubts every span.
type planner func(c *Condition) Plan

// Plan is how the store is asked for the condition.
func (c *Condition) Plan() Plan {
	if c.column.plan == nil {
		return Plan{Sure: query.Const(false), Doubt: query.Const(true)}
	}
	return c.column.plan(c)
}

// All is the plan of several conditions on one span: Sure when all are sure.
func All(conditions []*Condition) Plan {
	sure, any, doubts := query.And{}, query.And{}, false
	for _, c := range conditions {
		p := c.Plan()
		sure = append(sure, p.Sure)
		if p.Doubt == nil {
			any = append(any, p.Sure)
			continue
		}
		doubts = true
		any = append(any, query.Or{p.Sure, p.Doubt})
	}
	if !doubts {
		return Plan{Sure: sure}
	}
	return Plan{Sure: sure, Doubt: any}
}

// expr is the condition as a comparison of one field's text that is there.
func (c *Condition) expr(f query.Field) query.Expr {
	if c.always != nil {
		return query.Const(*c.always)
	}
	compare := func(o query.Op, texts ...string) query.Expr {
		values := make([]span.Value, len(texts))
		for i, t := range texts {
			values[i] = span.String(t)
		}
		return must(query.Compare{Field: f, Op: o, View: query.Text, Values: values})
	}
	switch c.op {
	case opNull:
		return query.Const(false)
	case opNotNull:
		return query.Const(true)
	case opNe, opNotIn:
		return query.Not{X: compare(query.OpEq, c.texts...)}
	case opEq, opIn:
		return compare(query.OpEq, c.texts...)
	}
	return compare(storeOps[c.op], c.texts...)
}

var storeOps = map[op]query.Op{
	opLt: query.OpLt, opLe: query.OpLe, opGt: query.OpGt, opGe: query.OpGe,
	opContains: query.OpContains, opPrefix: query.OpPrefix, opSuffix: query.OpSuffix,
}

func must(c query.Compare) query.Expr {
	e, err := query.NewCompare(c)
	if err != nil {
		panic(err) // conditions are checked when they are compiled
	}
	return e
}

// first asks of the first of the fields that the span has; none when it has
// none of them.
func first(fields []query.Field, ask func(query.Field) query.Expr, none query.Expr) query.Expr {
	out := none
	for i := len(fields) - 1; i >= 0; i-- {
		there := query.Exists{Field: fields[i]}
		out = query.Or{query.And{there, ask(fields[i])}, query.And{query.Not{X: there}, out}}
	}
	return out
}

func attributePlan(fields []query.Field) planner {
	return func(c *Condition) Plan {
		return Plan{Sure: first(fields, c.expr, query.Const(c.op == opNull))}
	}
}

// metadataPlan is attributePlan where the metadata attribute may stand in.
func metadataPlan(fields []query.Field) planner {
	metadata := query.Exists{Field: query.Attr(query.ScopeSpan, derive.KeyMetadata)}
	return func(c *Condition) Plan {
		none := query.And{query.Const(c.op == opNull), query.Not{X: metadata}}
		never := func(query.Field) query.Expr { return query.Const(false) }
		return Plan{Sure: first(fields, c.expr, none), Doubt: first(fields, never, metadata)}
	}
}

func namePlan(c *Condition) Plan { return intrinsicPlan(c, query.Name) }

func intrinsicPlan(c *Condition, f query.Field) Plan {
	if c.op == opNull {
		return Plan{Sure: query.Const(false)}
	}
	return Plan{Sure: c.expr(f)}
}

// Ids are shown in another form when the span carries derive.KeyIDs.
func traceIDPlan(c *Condition) Plan { return idPlan(c, query.TraceID) }
func spanIDPlan(c *Condition) Plan  { return idPlan(c, query.SpanID) }

func idPlan(c *Condition, f query.Field) Plan {
	if c.op == opNull {
		return Plan{Sure: query.Const(false)}
	}
	odd := query.Exists{Field: query.Attr(query.ScopeSpan, derive.KeyIDs)}
	return Plan{Sure: query.And{query.Not{X: odd}, c.expr(f)}, Doubt: odd}
}

func observationPlan(c *Condition) Plan {
	plain := derive.ObservationSpan
	holds := c.Holds(&Row{Span: &derive.Span{Observation: plain}})
	is := derive.IsObservation()
	return Plan{Sure: query.And{query.Const(holds), query.Not{X: is}}, Doubt: is}
}

func statusPlan(c *Condition) Plan {
	var or query.Or
	for _, code := range []span.StatusCode{span.StatusUnset, span.StatusOK, span.StatusError} {
		name := code.String()
		if !c.Holds(&Row{Span: &derive.Span{Status: &name}}) {
			continue
		}
		is := query.Expr(number(query.StatusCode, query.OpEq, int64(code)))
		if code == span.StatusUnset {
			// A number that OTLP does not know is shown as unset, too.
			is = query.And{
				query.Not{X: number(query.StatusCode, query.OpEq, int64(span.StatusOK))},
				query.Not{X: number(query.StatusCode, query.OpEq, int64(span.StatusError))}, query.Not{X: unsetStatus()},
			}
		}
		or = append(or, is)
	}
	if c.Holds(&Row{Span: &derive.Span{}}) {
		or = append(or, unsetStatus())
	}
	return Plan{Sure: or}
}

func unsetStatus() query.Expr {
	return query.And{
		number(query.StatusCode, query.OpEq, 0),
		must(query.Compare{Field: query.StatusMessage, Values: []span.Value{span.String("")}}),
	}
}

func number(f query.Field, o query.Op, v int64) query.Expr {
	return must(query.Compare{Field: f, Op: o, View: query.Number, Values: []span.Value{span.Int(v)}})
}

// between asks whether unit*n <= field < unit*(n+1) for a whole n that meets
// the condition: a field in nanoseconds seen in a coarser unit.
func (c *Condition) between(f query.Field, unit int64) query.Expr {
	if c.always != nil {
		return query.Const(*c.always)
	}
	from := func(n int64) query.Expr { // field >= unit*n
		if n > math.MaxInt64/unit {
			return query.Const(false)
		}
		if n < math.MinInt64/unit {
			return query.Const(true)
		}
		return number(f, query.OpGe, n*unit)
	}
	after := func(n int64) query.Expr { // field >= unit*(n+1)
		if n == math.MaxInt64 {
			return query.Const(false)
		}
		return from(n + 1)
	}
	switch c.op {
	case opGe:
		return from(c.ints[0])
	case opGt:
		return after(c.ints[0])
	case opLt:
		return query.Not{X: from(c.ints[0])}
	case opLe:
		return query.Not{X: after(c.ints[0])}
	}
	var or query.Or
	for _, n := range c.ints {
		or = append(or, query.And{from(n), query.Not{X: after(n)}})
	}
	if c.op == opNe || c.op == opNotIn {
		return query.Not{X: or}
	}
	return or
}

// durationPlan: a duration below zero is shown as zero, and so is that of a
// span that never ended.
func durationPlan(c *Condition) Plan {
	switch c.op {
	case opNull:
		return Plan{Sure: query.Const(false)}
	case opNotNull:
		return Plan{Sure: query.Const(true)}
	}
	zero := c.Holds(&Row{Span: &derive.Span{}})
	ended := query.And{number(query.DurationNano, query.OpGt, 0), number(query.EndTimeUnixNano, query.OpGt, 0)}
	return Plan{Sure: query.Or{
		query.And{query.Const(zero), query.Not{X: ended}}, query.And{ended, c.between(query.DurationNano, 1e6)},
	}}
}

func startPlan(c *Condition) Plan {
	switch c.op {
	case opNull:
		return Plan{Sure: query.Const(false)}
	case opNotNull:
		return Plan{Sure: query.Const(true)}
	}
	return Plan{Sure: c.between(query.StartTimeUnixNano, 1e3)}
}

func endPlan(c *Condition) Plan {
	open := number(query.EndTimeUnixNano, query.OpEq, 0)
	switch c.op {
	case opNull:
		return Plan{Sure: open}
	case opNotNull:
		return Plan{Sure: query.Not{X: open}}
	}
	return Plan{Sure: query.And{query.Not{X: open}, c.between(query.EndTimeUnixNano, 1e3)}}
}

// tagsPlan doubts the spans that have tags, and is sure of those without.
func tagsPlan(c *Condition) Plan {
	none := c.Holds(&Row{Span: &derive.Span{}})
	var tagged query.Or
	for _, f := range derive.SpanFields(derive.TagKeys) {
		tagged = append(tagged, query.Exists{Field: f})
	}
	return Plan{Sure: query.And{query.Const(none), query.Not{X: tagged}}, Doubt: tagged}
}

// tokenPlan: a count that is no whole number counts as zero, and one that is
// text is in doubt.
func tokenPlan(keys []string) planner {
	return func(c *Condition) Plan {
		zero := query.Const(c.Holds(&Row{Span: &derive.Span{}}))
		text := func(f query.Field) query.Expr {
			return must(query.Compare{Field: f, Op: query.OpPrefix, Values: []span.Value{span.String("")}})
		}
		whole := func(f query.Field) query.Expr {
			return must(query.Compare{Field: f, Op: query.OpGe, Values: []span.Value{span.Int(math.MinInt64)}})
		}
		sure := func(f query.Field) query.Expr {
			return query.Or{
				query.And{whole(f), c.wholeExpr(f)},
				query.And{query.Not{X: whole(f)}, query.Not{X: text(f)}, zero},
			}
		}
		fields := derive.SpanFields(keys)
		return Plan{Sure: first(fields, sure, zero), Doubt: first(fields, text, query.Const(false))}
	}
}

func (c *Condition) wholeExpr(f query.Field) query.Expr {
	switch c.op {
	case opNull:
		return query.Const(false)
	case opNotNull:
		return query.Const(true)
	}
	return c.between(f, 1)
}

// totalPlan is sure of spans that count no tokens at all.
func totalPlan(c *Condition) Plan {
	return sparse(c, derive.TotalTokenKeys, derive.InputTokenKeys, derive.OutputTokenKeys)
}

// costPlan is sure of spans that can have no cost.
func costPlan(c *Condition) Plan { return sparse(c, derive.CostKeys()) }

func sparse(c *Condition, keys ...[]string) Plan {
	zero := c.Holds(&Row{Span: &derive.Span{}})
	var some query.Or
	for _, list := range keys {
		for _, f := range derive.SpanFields(list) {
			some = append(some, query.Exists{Field: f})
		}
	}
	return Plan{Sure: query.And{query.Const(zero), query.Not{X: some}}, Doubt: some}
}
