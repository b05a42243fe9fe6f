package sideseat

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/sideseat/filter"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

var traceFields = fields{
	"page": fieldNumber, "limit": fieldNumber, "order_by": fieldText, "session_id": fieldText, "user_id": fieldText,
	"environment": fieldText, "from_timestamp": fieldText, "to_timestamp": fieldText, "filters": fieldText, "include_nongenai": fieldBool,
}

var traceOrders = []string{"start_time", "end_time", "duration_ms", "total_tokens", "total_cost"}

// listTraces answers GET /traces.
func (a *Adapter) listTraces(w http.ResponseWriter, r *request) error {
	if err := r.query.check(traceFields, a.repeatable()...); err != nil {
		return err
	}
	paging, err := a.paging(r.query)
	if err != nil {
		return err
	}
	order, err := r.query.order(traceOrders...)
	if err != nil {
		return err
	}
	if a.observed() && order.column == "total_tokens" {
		order.column = "start_time" // as the service really orders them
	}
	sel, err := a.selectionOf(r.query, filter.Traces)
	if err != nil {
		return err
	}
	sel.observations = !r.query.bool("include_nongenai", false)
	ctx := r.Context()
	if session, ok := r.query.get("session_id"); ok {
		if err := a.inSession(ctx, r.project, sel, session); err != nil {
			return err
		}
	}
	if err := a.stumble(ctx, r.project, sel); err != nil {
		return err
	}
	rows, total, err := a.traceRows(ctx, r.project, sel, order, paging)
	if err != nil {
		return err
	}
	again, err := a.countResent(ctx, r.project, sel)
	if err != nil {
		return err
	}
	total += again
	if len(rows) > 0 {
		lastModified(w, rows[0].StartTime)
	}
	return noStore(w, list[traceRow]{rows, metaOf(paging, total)})
}

// repeatable names the parameters that may be repeated: the page lets the
// environment be an array, the service does not.
func (a *Adapter) repeatable() []string {
	if a.observed() {
		return nil
	}
	return []string{"environment"}
}

// selectionOf reads what the lists have in common: the range of time, the
// environment, the user and the filters.
func (a *Adapter) selectionOf(p params, columns filter.Set) (*selection, error) {
	sel := &selection{}
	var err error
	if sel.window, err = a.window(p); err != nil {
		return nil, err
	}
	if environments := a.environments(p); environments != nil {
		sel.conditions = append(sel.conditions, filter.Traces.AnyOf("environment", environments...))
	}
	if user, ok := p.get("user_id"); ok {
		sel.conditions = append(sel.conditions, filter.Traces.AnyOf("user_id", user))
	}
	if text, ok := p.get("filters"); ok {
		grammar := filter.Both
		if a.observed() {
			grammar = filter.Service
		}
		conditions, err := filter.Parse(text, grammar, columns)
		if err != nil {
			return nil, a.filterError(err)
		}
		for _, c := range conditions {
			switch {
			case c.Fault() == nil:
				sel.conditions = append(sel.conditions, c)
			case a.observed():
				sel.faults = append(sel.faults, c)
			default:
				return nil, a.filterError(c.Fault())
			}
		}
	}
	return sel, nil
}

// environments is the environment parameter: one name, or by the page also an
// array, as repeated parameters, with brackets or as JSON.
func (a *Adapter) environments(p params) []string {
	out := p.all("environment")
	if a.observed() {
		return out
	}
	out = append(out, p.all("environment[]")...)
	if len(out) == 1 && strings.HasPrefix(out[0], "[") {
		var names []string
		if json.Unmarshal([]byte(out[0]), &names) == nil && len(names) > 0 {
			return names
		}
	}
	return out
}

// traceRows makes one page of rows and counts all.
func (a *Adapter) traceRows(ctx context.Context, project string, sel *selection, o order, p paging) ([]traceRow, int, error) {
	if sel.traces != nil && len(sel.traces) == 0 {
		return []traceRow{}, 0, nil
	}
	storeOrder, ok := storeOrders[o.column]
	plan := sel.plan()
	if !ok || plan.Doubt != nil {
		return a.sortedRows(ctx, project, sel, o, p)
	}
	page, err := a.opt.Store.Traces(ctx, project, query.Traces{
		Range: sel.window, Filter: plan.Sure, Order: storeOrder, Descending: !o.asc, Limit: p.limit, Offset: p.offset(), Total: true,
	})
	if err != nil {
		return nil, 0, err
	}
	ids := make([]span.TraceID, len(page.Traces))
	for i := range page.Traces {
		ids[i] = page.Traces[i].TraceID
	}
	rows, err := a.rowsOf(ctx, project, sel, ids)
	a.show(rows, o)
	return rows, page.Total, err
}

var storeOrders = map[string]query.Order{
	"start_time": query.OrderStart, "end_time": query.OrderEnd, "duration_ms": query.OrderDuration,
}

// rank is where a trace stands in an order that the store does not know.
type rank struct {
	id    span.TraceID
	key   int64
	start int64
}

// sortedRows orders by what the store does not know, over all matching traces.
func (a *Adapter) sortedRows(ctx context.Context, project string, sel *selection, o order, p paging) ([]traceRow, int, error) {
	ids, err := a.tracesOf(ctx, project, sel)
	if err != nil {
		return nil, 0, err
	}
	match := sel.narrow()
	ranks := make([]rank, 0, len(ids))
	for part := range slices.Chunk(ids, chunk) {
		traces, err := a.load(ctx, project, part)
		if err != nil {
			return nil, 0, err
		}
		for id, t := range traces {
			ranks = append(ranks, t.rank(id, o, match))
		}
	}
	slices.SortFunc(ranks, func(x, y rank) int {
		c := cmp.Or(cmp.Compare(x.key, y.key), cmp.Compare(x.start, y.start), x.id.Compare(y.id))
		if !o.asc {
			c = -c
		}
		return c
	})
	page := pageOf(ranks, p)
	onPage := make([]span.TraceID, len(page))
	for i := range page {
		onPage[i] = page[i].id
	}
	rows, err := a.rowsOf(ctx, project, sel, onPage)
	a.show(rows, o)
	return rows, len(ranks), err
}

func (t *trace) rank(id span.TraceID, o order, match func(*item) bool) rank {
	start, end := t.extent()
	r := rank{id: id, start: start}
	switch o.column {
	case "end_time":
		r.key = end
	case "duration_ms":
		r.key = (end - start) / 1000
	case "total_tokens":
		tokens, _ := t.totals(match)
		r.key = tokens.Total
	case "total_cost":
		_, costs := t.totals(match)
		r.key = costs.Total
	}
	return r
}

func pageOf[T any](rows []T, p paging) []T {
	from := min(p.offset(), len(rows))
	return rows[from:min(from+p.limit, len(rows))]
}

func (a *Adapter) rowsOf(ctx context.Context, project string, sel *selection, ids []span.TraceID) ([]traceRow, error) {
	rows := make([]traceRow, 0, len(ids))
	match := sel.narrow()
	for part := range slices.Chunk(ids, chunk) {
		traces, err := a.load(ctx, project, part)
		if err != nil {
			return nil, err
		}
		for _, id := range part {
			if t := traces[id]; t != nil { // one that was deleted meanwhile is not
				rows = append(rows, t.row(match))
			}
		}
	}
	return rows, nil
}

// show puts a page's rows in the order in which they are shown: the one that
// was asked for, or in the service's way by start time, in that direction.
func (a *Adapter) show(rows []traceRow, o order) {
	if a.observed() {
		o.column = "start_time"
	}
	sortRows(rows, o)
}

func sortRows(rows []traceRow, o order) {
	key := func(r *traceRow) float64 {
		switch o.column {
		case "end_time":
			return float64(r.EndTime)
		case "duration_ms":
			return float64(r.DurationMS)
		case "total_tokens":
			return float64(r.Total)
		case "total_cost":
			return float64(r.TotalCost)
		}
		return 0
	}
	slices.SortStableFunc(rows, func(x, y traceRow) int {
		c := cmp.Or(cmp.Compare(key(&x), key(&y)), cmp.Compare(x.StartTime, y.StartTime), cmp.Compare(x.TraceID, y.TraceID))
		if !o.asc {
			c = -c
		}
		return c
	})
}

func lastModified(w http.ResponseWriter, t stamp) {
	w.Header().Set("Last-Modified", time.UnixMicro(int64(t)).UTC().Format(http.TimeFormat))
}

func noStore(w http.ResponseWriter, v any) error {
	w.Header().Set("Cache-Control", "no-store")
	rest.WriteJSON(w, http.StatusOK, v)
	return nil
}
