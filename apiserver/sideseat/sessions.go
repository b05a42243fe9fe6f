package sideseat

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
	"github.com/spanstead/spanstead/apiserver/sideseat/filter"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// sessionRow is a session in a list.
type sessionRow struct {
	SessionID        string  `json:"session_id"`
	UserID           *string `json:"user_id"`
	Environment      *string `json:"environment"`
	StartTime        stamp   `json:"start_time"`
	EndTime          stamp   `json:"end_time"`
	TraceCount       int     `json:"trace_count"`
	SpanCount        int     `json:"span_count"`
	ObservationCount int     `json:"observation_count"`
	tokenFields
	costFields
}

// sessionTrace is a trace of a session.
type sessionTrace struct {
	TraceID    string   `json:"trace_id"`
	TraceName  string   `json:"trace_name"`
	StartTime  stamp    `json:"start_time"`
	EndTime    stamp    `json:"end_time"`
	DurationMS int64    `json:"duration_ms"`
	Total      int64    `json:"total_tokens"`
	Reasoning  int64    `json:"reasoning_tokens"`
	TotalCost  number   `json:"total_cost"`
	Tags       []string `json:"tags"`
}

type sessionDetail struct {
	sessionRow
	Traces []sessionTrace `json:"traces"`
}

var sessionFields = fields{
	"page": fieldNumber, "limit": fieldNumber, "order_by": fieldText, "user_id": fieldText, "environment": fieldText,
	"from_timestamp": fieldText, "to_timestamp": fieldText, "filters": fieldText,
}

var sessionOrders = []string{"start_time", "end_time", "span_count", "trace_count", "observation_count"}

// group is the spans of a session that are asked for.
type group struct {
	row    sessionRow
	ended  bool
	traces map[span.TraceID]bool
}

// add takes spans by start time, earliest first.
func (g *group) add(it *item) {
	r := &g.row
	if r.SpanCount == 0 {
		r.StartTime, r.EndTime = stamp(it.Start), stamp(it.Start)
	}
	r.UserID = cmp.Or(r.UserID, it.UserID)
	r.Environment = cmp.Or(r.Environment, it.Environment)
	if it.HasEnd && (!g.ended || stamp(it.End) > r.EndTime) {
		r.EndTime, g.ended = stamp(it.End), true
	}
	r.SpanCount++
	if it.IsObservation() {
		r.ObservationCount++
	}
	if !g.traces[it.Raw.TraceID] {
		g.traces[it.Raw.TraceID] = true
		r.TraceCount++
	}
}

// listSessions answers GET /sessions. A session here is the spans that name
// it, without the rest of their traces.
func (a *Adapter) listSessions(w http.ResponseWriter, r *request) error {
	if err := r.query.check(sessionFields, a.repeatable()...); err != nil {
		return err
	}
	p, err := a.paging(r.query)
	if err != nil {
		return err
	}
	o, err := r.query.order(sessionOrders...)
	if err != nil {
		return err
	}
	sel, err := a.selectionOf(r.query, filter.Sessions)
	if err != nil {
		return err
	}
	named := *sel
	named.conditions = append(slices.Clone(sel.conditions), filter.Sessions.Present("session_id"))
	if err := a.stumble(r.Context(), r.project, &named); err != nil {
		return err
	}
	groups, err := a.groups(r.Context(), r.project, &named)
	if err != nil {
		return err
	}
	sortGroups(groups, o)
	page := slices.Clone(pageOf(groups, p))
	if a.observed() {
		sortGroups(page, order{"start_time", o.asc})
	}
	answer := list[sessionRow]{Data: []sessionRow{}, Meta: metaOf(p, len(groups))}
	for _, g := range page {
		if err := a.sum(r.Context(), r.project, sel, g); err != nil {
			return err
		}
		answer.Data = append(answer.Data, g.row)
	}
	if len(answer.Data) > 0 {
		lastModified(w, answer.Data[0].StartTime)
	}
	return noStore(w, answer)
}

// groups are the sessions that have a span that is asked for, each with all
// the spans that name it.
func (a *Adapter) groups(ctx context.Context, project string, sel *selection) ([]*group, error) {
	if sel.traces != nil && len(sel.traces) == 0 {
		return nil, nil
	}
	asked := map[string]bool{}
	err := a.each(ctx, project, sel, query.Spans{}, func(it *item) bool {
		asked[*it.SessionID] = true
		return true
	})
	if err != nil || len(asked) == 0 {
		return nil, err
	}
	all := &selection{conditions: []*filter.Condition{filter.Sessions.Present("session_id")}}
	byID := map[string]*group{}
	var groups []*group
	err = a.each(ctx, project, all, query.Spans{}, func(it *item) bool {
		if !asked[*it.SessionID] {
			return true
		}
		g := byID[*it.SessionID]
		if g == nil {
			g = &group{row: sessionRow{SessionID: *it.SessionID}, traces: map[span.TraceID]bool{}}
			byID[*it.SessionID] = g
			groups = append(groups, g)
		}
		g.add(it)
		return true
	})
	return groups, err
}

// sum adds up the tokens and costs of a session's own spans.
func (a *Adapter) sum(ctx context.Context, project string, sel *selection, g *group) error {
	ids := make([]span.TraceID, 0, len(g.traces))
	for id := range g.traces {
		ids = append(ids, id)
	}
	traces, err := a.load(ctx, project, ids)
	if err != nil {
		return err
	}
	var tokens derive.Tokens
	var costs derive.Costs
	for _, t := range traces {
		tt, cc := t.totals(func(it *item) bool {
			return it.SessionID != nil && *it.SessionID == g.row.SessionID && sel.matches(it)
		})
		tokens.Add(tt)
		costs.Add(cc)
	}
	g.row.tokenFields, g.row.costFields = tokensOf(tokens), costsOf(costs)
	return nil
}

func sortGroups(groups []*group, o order) {
	key := func(g *group) int64 {
		switch o.column {
		case "end_time":
			return int64(g.row.EndTime)
		case "span_count":
			return int64(g.row.SpanCount)
		case "trace_count":
			return int64(g.row.TraceCount)
		case "observation_count":
			return int64(g.row.ObservationCount)
		}
		return int64(g.row.StartTime)
	}
	slices.SortStableFunc(groups, func(x, y *group) int {
		c := cmp.Or(cmp.Compare(key(x), key(y)), cmp.Compare(x.row.StartTime, y.row.StartTime), cmp.Compare(x.row.SessionID, y.row.SessionID))
		if !o.asc {
			c = -c
		}
		return c
	})
}

// getSession answers GET /sessions/{session}: all of its traces.
func (a *Adapter) getSession(w http.ResponseWriter, r *request) error {
	id, err := r.sessionID()
	if err != nil {
		return err
	}
	traces, err := a.sessionTraces(r.Context(), r.project, id)
	if err != nil {
		return err
	}
	if len(traces) == 0 {
		return notFound("SESSION_NOT_FOUND", "Session not found: "+id)
	}
	g := &group{row: sessionRow{SessionID: id}, traces: map[span.TraceID]bool{}}
	detail := sessionDetail{Traces: []sessionTrace{}}
	var tokens derive.Tokens
	var costs derive.Costs
	var items []*item
	for _, t := range traces {
		items = append(items, t.items...)
		tt, cc := t.totals(nil)
		tokens.Add(tt)
		costs.Add(cc)
	}
	slices.SortStableFunc(items, func(x, y *item) int { return cmp.Compare(x.Start, y.Start) })
	for _, it := range items {
		g.add(it)
	}
	for _, t := range slices.Backward(traces) {
		row := t.row(nil)
		detail.Traces = append(detail.Traces, sessionTrace{
			row.TraceID, row.TraceName, row.StartTime, row.EndTime, row.DurationMS, row.Total, row.Reasoning, row.TotalCost, row.Tags,
		})
	}
	g.row.tokenFields, g.row.costFields = tokensOf(tokens), costsOf(costs)
	detail.sessionRow = g.row
	rest.WriteJSON(w, http.StatusOK, detail)
	return nil
}

func (r *request) sessionID() (string, error) {
	id := r.vars["session"]
	if len(id) > maxIDLength {
		return "", bad("INVALID_SESSION_ID", fmt.Sprintf("Invalid session_id: must be 1-%d characters", maxIDLength))
	}
	return id, nil
}

// sessionTraces is the traces that have a span of the session, earliest first.
func (a *Adapter) sessionTraces(ctx context.Context, project, session string) ([]*trace, error) {
	sel := &selection{}
	if err := a.inSession(ctx, project, sel, session); err != nil {
		return nil, err
	}
	byID, err := a.load(ctx, project, sel.traces)
	if err != nil {
		return nil, err
	}
	traces := make([]*trace, 0, len(byID))
	for _, t := range byID {
		traces = append(traces, t)
	}
	slices.SortFunc(traces, func(x, y *trace) int {
		return cmp.Or(cmp.Compare(x.items[0].Start, y.items[0].Start), cmp.Compare(x.items[0].traceID, y.items[0].traceID))
	})
	return traces, nil
}
