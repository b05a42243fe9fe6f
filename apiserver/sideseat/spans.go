package sideseat

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/sideseat/filter"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

var spanFields = fields{
	"page": fieldNumber, "limit": fieldNumber, "order_by": fieldText, "session_id": fieldText, "user_id": fieldText,
	"environment": fieldText, "from_timestamp": fieldText, "to_timestamp": fieldText, "filters": fieldText,
	"trace_id": fieldText, "gen_ai_request_model": fieldText, "framework": fieldText, "status_code": fieldText,
	"observation_type": fieldText, "span_category": fieldText, "is_observation": fieldBool, "include_raw_span": fieldBool,
}

// spanTexts are the parameters that ask for one value of a column.
var spanTexts = []string{"trace_id", "gen_ai_request_model", "framework", "status_code", "observation_type", "span_category"}

var spanOrders = []string{"start_time", "timestamp_start", "end_time", "timestamp_end", "duration_ms", "span_name"}

// listSpans answers GET /spans.
func (a *Adapter) listSpans(w http.ResponseWriter, r *request) error {
	answer, err := a.spanPage(r, nil)
	if err != nil {
		return err
	}
	return noStore(w, answer)
}

// traceSpans answers GET /traces/{trace}/spans.
func (a *Adapter) traceSpans(w http.ResponseWriter, r *request) error {
	id, err := r.traceID()
	if err != nil {
		return err
	}
	answer, err := a.spanPage(r, &id)
	if err != nil {
		return err
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

func (a *Adapter) spanPage(r *request, traceID *string) (*list[spanRow], error) {
	if err := r.query.check(spanFields, a.repeatable()...); err != nil {
		return nil, err
	}
	p, err := a.paging(r.query)
	if err != nil {
		return nil, err
	}
	o, err := r.query.order(spanOrders...)
	if err != nil {
		return nil, err
	}
	sel, err := a.selectionOf(r.query, filter.Spans)
	if err != nil {
		return nil, err
	}
	for _, name := range spanTexts {
		if v, ok := r.query.get(name); ok {
			sel.conditions = append(sel.conditions, filter.Spans.AnyOf(name, v))
		}
	}
	nothing, err := a.spanScope(r, sel, traceID)
	if err != nil {
		return nil, err
	}
	answer := &list[spanRow]{Data: []spanRow{}, Meta: metaOf(p, 0)}
	if nothing {
		return answer, nil
	}
	if err := a.stumble(r.Context(), r.project, sel); err != nil || sel.faults != nil {
		return answer, err
	}
	items, total, err := a.pageOfSpans(r.Context(), r.project, sel, o, p)
	raw := r.query.bool("include_raw_span", false)
	for _, it := range items {
		answer.Data = append(answer.Data, it.rowWithRaw(r.project, raw))
	}
	if err != nil {
		return nil, err
	}
	again, err := a.countResentSpans(r.Context(), r.project, sel)
	answer.Meta = metaOf(p, total+again)
	return answer, err
}

// spanScope narrows a selection to observations, to one trace and to a
// session's traces. A selection that is not of observations is of all spans. nothing says that no span can be meant.
func (a *Adapter) spanScope(r *request, sel *selection, traceID *string) (nothing bool, err error) {
	sel.observations = r.query.bool("is_observation", false)
	if traceID != nil {
		id, ok := traceIDOf(*traceID)
		if !ok {
			return true, nil
		}
		sel.conditions = append(sel.conditions, filter.Spans.AnyOf("trace_id", *traceID))
		sel.traces = []span.TraceID{id}
	}
	if session, ok := r.query.get("session_id"); ok {
		narrowed := selection{}
		if err := a.inSession(r.Context(), r.project, &narrowed, session); err != nil {
			return false, err
		}
		if sel.traces != nil && !slices.Contains(narrowed.traces, sel.traces[0]) {
			return true, nil
		}
		if sel.traces == nil {
			sel.traces = narrowed.traces
		}
	}
	return sel.traces != nil && len(sel.traces) == 0, nil
}

// pageOfSpans reads one page and counts all that match.
func (a *Adapter) pageOfSpans(ctx context.Context, project string, sel *selection, o order, p paging) ([]*item, int, error) {
	plan := sel.plan()
	storeOrder, ok := map[string]query.Order{
		"start_time": query.OrderStart, "timestamp_start": query.OrderStart, "duration_ms": query.OrderDuration,
	}[o.column]
	if ok && plan.Doubt == nil {
		page, err := a.opt.Store.Spans(ctx, project, query.Spans{
			Range: sel.window, Filter: plan.Sure, Order: storeOrder, Descending: !o.asc, Limit: p.limit, Offset: p.offset(), Total: true,
		})
		items := make([]*item, len(page.Spans))
		for i, s := range page.Spans {
			items[i] = a.item(s)
		}
		return items, page.Total, err
	}
	return a.sortedSpans(ctx, project, sel, o, p)
}

// place is where a span stands in an order that the store does not know.
type place struct {
	text string
	key  int64
	at   query.Position
}

func (a *Adapter) sortedSpans(ctx context.Context, project string, sel *selection, o order, p paging) ([]*item, int, error) {
	var places []place
	last := int64(math.MinInt64) // where a span without an end stands
	if o.asc {
		last = math.MaxInt64
	}
	err := a.each(ctx, project, sel, query.Spans{}, func(it *item) bool {
		pl := place{at: query.PositionOf(it.Raw, query.OrderStart)}
		switch o.column {
		case "span_name":
			pl.text = strings.Clone(it.Raw.Name)
		case "duration_ms":
			pl.key = it.DurationMS
		case "end_time", "timestamp_end":
			if pl.key = it.End; !it.HasEnd {
				pl.key = last
			}
		}
		places = append(places, pl)
		return true
	})
	if err != nil {
		return nil, 0, err
	}
	slices.SortFunc(places, func(x, y place) int {
		c := cmp.Or(strings.Compare(x.text, y.text), cmp.Compare(x.key, y.key), x.at.Compare(y.at))
		if !o.asc {
			c = -c
		}
		return c
	})
	items, err := a.itemsAt(ctx, project, pageOf(places, p))
	return items, len(places), err
}

// itemsAt reads the spans of one page, in its order.
func (a *Adapter) itemsAt(ctx context.Context, project string, places []place) ([]*item, error) {
	at := make(map[query.Position]*item, len(places))
	var ids []span.TraceID
	for _, pl := range places {
		at[pl.at] = nil
		ids = append(ids, pl.at.TraceID)
	}
	slices.SortFunc(ids, span.TraceID.Compare)
	err := a.opt.Store.Each(ctx, project, query.Spans{Filter: inTraces(slices.Compact(ids))}, func(s *span.Span) bool {
		if pos := query.PositionOf(s, query.OrderStart); len(at) > 0 {
			if _, wanted := at[pos]; wanted {
				at[pos] = a.item(s)
			}
		}
		return true
	})
	items := make([]*item, 0, len(places))
	for _, pl := range places {
		if it := at[pl.at]; it != nil {
			items = append(items, it)
		}
	}
	return items, err
}
