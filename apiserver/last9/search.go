package last9

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// traceSearch is a search request.
type traceSearch struct {
	ask       query.Traces
	spanLimit int
	reversed  bool
}

// search is POST …/traces/v2/search/json: traces with the spans that matched.
func (a *Adapter) search(w http.ResponseWriter, r *request) error {
	q, err := a.parseSearch(r)
	if err != nil {
		return err
	}
	found, err := a.opt.Store.Traces(r.Context(), r.org, q.ask)
	if err != nil {
		return err
	}
	sets, err := a.spanSets(r, q, found.Traces)
	if err != nil {
		return err
	}
	if q.reversed {
		slices.Reverse(found.Traces)
	}
	return writeResult(w, r.Request, func(out *result) error {
		for i := range found.Traces {
			t := &found.Traces[i]
			out.item(func(b []byte) []byte { return appendFound(b, t, sets[t.TraceID]) })
			if out.err != nil {
				break
			}
		}
		return nil
	})
}

func (a *Adapter) parseSearch(r *request) (*traceSearch, error) {
	q, p := &traceSearch{}, paramsOf(r.Request)
	var err error
	if q.ask.Range, err = p.window(); err != nil {
		return nil, err
	}
	if q.ask.Limit, err = p.integer("limit", defaultLimit, maxLimit); err != nil {
		return nil, err
	}
	if q.spanLimit, err = p.integer("span_limit", defaultSpanLimit, maxLimit); err != nil {
		return nil, err
	}
	order, err := p.ordering()
	if err != nil {
		return nil, err
	}
	q.ask.Order, q.ask.Descending, q.reversed = order.by, order.descending, order.reversed
	byTrace, err := p.byTrace(true)
	if err != nil {
		return nil, err
	}
	b, pipe, err := body(r.Request)
	if err != nil {
		return nil, err
	}
	if q.ask.Filter, err = onlyFilter(pipe); err != nil {
		return nil, err
	}
	if err := q.lasting(p, byTrace); err != nil {
		return nil, err
	}
	return q, a.remember(r, b, byTrace, p.Get("query_source"))
}

// lasting reads the bounds on durations, which are those of the whole trace,
// or in mode span of the spans that match.
func (q *traceSearch) lasting(p params, byTrace bool) error {
	least, err := p.duration("minDuration")
	if err != nil {
		return err
	}
	most, err := p.duration("maxDuration")
	if err != nil {
		return err
	}
	switch {
	case most > 0 && least > most:
		return badRequest("minDuration must not be above maxDuration")
	case byTrace:
		q.ask.MinDuration, q.ask.MaxDuration = least, most
	default:
		q.ask.Filter = and(q.ask.Filter, bound(query.OpGe, least), bound(query.OpLe, most))
	}
	return nil
}

// bound compares a span's duration; zero is no bound.
func bound(op query.Op, nanoseconds int64) query.Expr {
	if nanoseconds == 0 {
		return nil
	}
	return query.Cmp(query.DurationNano, op, query.Typed, span.Int(nanoseconds))
}

// spanSets fetches the matching spans of the traces, the earliest of each.
func (a *Adapter) spanSets(r *request, q *traceSearch, traces []query.TraceSummary) (map[span.TraceID][]*span.Span, error) {
	if len(traces) == 0 {
		return nil, nil
	}
	ids := make([]span.Value, len(traces))
	missing := 0 // how many spans are still to come
	for i := range traces {
		ids[i] = span.String(traces[i].TraceID.String())
		missing += min(traces[i].Matched, q.spanLimit)
	}
	ask := query.Spans{
		Range:  q.ask.Range,
		Filter: and(query.Cmp(query.TraceID, query.OpEq, query.Typed, ids...), q.ask.Filter),
	}
	sets := make(map[span.TraceID][]*span.Span, len(traces))
	err := a.opt.Store.Each(r.Context(), r.org, ask, func(s *span.Span) bool {
		if set := sets[s.TraceID]; len(set) < q.spanLimit {
			sets[s.TraceID] = append(set, s)
			missing--
		}
		return missing > 0
	})
	return sets, err
}

// appendFound appends a trace as a search shows it.
func appendFound(b []byte, t *query.TraceSummary, spans []*span.Span) []byte {
	b = append(b, '{')
	b = appendText(b, "traceID", t.TraceID.String())
	b = appendText(b, "rootServiceName", t.RootService)
	b = appendText(b, "rootTraceName", t.RootName)
	b = strconv.AppendUint(appendKey(b, "startTimeUnixNano"), t.Start, 10)
	b = strconv.AppendUint(appendKey(b, "endTimeUnixNano"), t.End, 10)
	b = strconv.AppendFloat(appendKey(b, "durationMs"), milliseconds(t.DurationNano()), 'f', -1, 64)
	b = append(appendKey(b, "spanSets"), '[', '{')
	b = strconv.AppendInt(appendKey(b, "matched"), int64(t.Matched), 10)
	b = append(appendKey(b, "spans"), '[')
	for i, s := range spans {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMatched(b, s)
	}
	return append(b, "]}]}"...)
}

func milliseconds(nanoseconds int64) float64 { return float64(nanoseconds) / 1e6 }

// appendMatched appends a span of a span set.
func appendMatched(b []byte, s *span.Span) []byte {
	b = append(b, '{')
	b = appendText(b, "spanID", s.SpanID.String())
	b = appendText(b, "name", s.Name)
	b = strconv.AppendUint(appendKey(b, "startTimeUnixNano"), s.StartTimeUnixNano, 10)
	b = strconv.AppendInt(appendKey(b, "durationNanos"), pipeline.Duration(s), 10)
	b = append(appendKey(b, "attributes"), '[')
	byKey := slices.Clone(s.Attributes) // a store need not keep their order
	slices.SortStableFunc(byKey, func(x, y span.KeyValue) int { return strings.Compare(x.Key, y.Key) })
	b = appendKeyValues(b, byKey)
	return append(b, ']', '}')
}

func appendKeyValues(b []byte, kvs []span.KeyValue) []byte {
	for i, kv := range kvs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		b = appendText(b, "key", kv.Key)
		b = appendAnyValue(appendKey(b, "value"), kv.Value)
		b = append(b, '}')
	}
	return b
}

// appendAnyValue appends a value as OTLP's JSON has it.
func appendAnyValue(b []byte, v span.Value) []byte {
	b = append(b, '{')
	switch v.Type() {
	case span.TypeString:
		b = appendText(b, "stringValue", v.Str())
	case span.TypeBool:
		b = append(appendKey(b, "boolValue"), v.Text()...)
	case span.TypeInt:
		b = appendText(b, "intValue", v.Text())
	case span.TypeDouble:
		b = v.AppendJSON(appendKey(b, "doubleValue"))
	case span.TypeBytes:
		b = appendText(b, "bytesValue", base64.StdEncoding.EncodeToString([]byte(v.Str())))
	case span.TypeArray:
		b = append(appendKey(b, "arrayValue"), `{"values":[`...)
		for i, e := range v.List() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendAnyValue(b, e.Value)
		}
		b = append(b, "]}"...)
	case span.TypeKVList:
		b = append(appendKey(b, "kvlistValue"), `{"values":[`...)
		b = append(appendKeyValues(b, v.List()), "]}"...)
	}
	return append(b, '}')
}
