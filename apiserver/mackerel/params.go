package mackerel

import (
	"math"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

const (
	defaultPerPage = 20
	maxPerPage     = 100
)

// parseList reads what is asked: traces with a span that meets all of the
// conditions and started in [from, to].
func parseList(req *listRequest) (query.Traces, error) {
	q := query.Traces{}
	if req.ServiceName == nil || *req.ServiceName == "" {
		return q, invalid("serviceName is required")
	}
	filter, err := filterOf(req)
	if err != nil {
		return q, err
	}
	q.Filter, q.Focus = filter, query.And(serviceOf(req))
	if q.Range, err = rangeOf(req); err != nil {
		return q, err
	}
	if err := setLatency(&q, req); err != nil {
		return q, err
	}
	if err := setOrder(&q, req.Order); err != nil {
		return q, err
	}
	return q, setPage(&q, req)
}

// rangeOf covers both ends, each a whole second.
func rangeOf(req *listRequest) (query.Range, error) {
	if req.From == nil || req.To == nil {
		return query.Range{}, invalid("from and to are required, in epoch seconds")
	}
	if *req.From > *req.To {
		return query.Range{}, invalid("from is after to")
	}
	return query.Range{From: nanos(*req.From), To: nanos(*req.To) + 1}, nil
}

// nanos turns seconds since the epoch into the store's time, cut to what fits.
func nanos(seconds rest.Integer) uint64 {
	return uint64(min(max(seconds, 0), math.MaxInt64/1_000_000_000)) * 1_000_000_000
}

// setLatency compares whole milliseconds of the whole trace, as they are shown.
func setLatency(q *query.Traces, req *listRequest) error {
	least, most := req.MinLatencyMillis, req.MaxLatencyMillis
	if least != nil && *least < 0 || most != nil && *most < 0 {
		return invalid("minLatencyMillis and maxLatencyMillis are not negative")
	}
	if least != nil && most != nil && *least > *most {
		return invalid("minLatencyMillis is above maxLatencyMillis")
	}
	const fits = math.MaxInt64/1_000_000 - 1
	if least != nil {
		q.MinDuration = int64(min(*least, fits)) * 1_000_000
	}
	if most != nil {
		q.MaxDuration = int64(min(*most, fits))*1e6 + 1e6 - 1
	}
	return nil
}

func setOrder(q *query.Traces, o sortOrder) error {
	switch column := textOf(o.Column); {
	case o.Column == nil, column == "START_AT":
		q.Order = query.OrderStart
	case column == "LATENCY":
		q.Order = query.OrderDuration
	default:
		return invalid("order.column %.40q: want LATENCY or START_AT", column)
	}
	switch direction := textOf(o.Direction); {
	case o.Direction == nil, direction == "DESC":
		q.Descending = true
	case direction != "ASC":
		return invalid("order.direction %.40q: want ASC or DESC", direction)
	}
	return nil
}

func setPage(q *query.Traces, req *listRequest) error {
	page, perPage := rest.Integer(1), rest.Integer(defaultPerPage)
	if req.Page != nil {
		page = *req.Page
	}
	if req.PerPage != nil {
		perPage = *req.PerPage
	}
	if page < 1 {
		return invalid("page starts from 1")
	}
	if perPage < 1 || perPage > maxPerPage {
		return invalid("perPage is between 1 and %d", maxPerPage)
	}
	if page-1 > query.MaxLimit/perPage {
		return invalid("page is past the first %d traces", query.MaxLimit)
	}
	q.Limit, q.Offset = int(perPage), int((page-1)*perPage)
	return nil
}

// serviceOf is the condition for a span of the service.
func serviceOf(req *listRequest) []query.Expr {
	return []query.Expr{
		query.Cmp(query.ServiceName, query.OpEq, query.Typed, span.String(*req.ServiceName)),
		is(resource("service.namespace"), textOf(req.ServiceNamespace)),
	}
}
