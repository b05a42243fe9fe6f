package truefoundry

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
)

const (
	defaultLimit = 200
	maxLimit     = 1000 // what is above it gets as much
	maxFilters   = 100
)

// question is a request that was read.
type question struct {
	workspace string
	spans     query.Spans
	feedbacks bool
	digest    digest
}

// parseQuery reads what is asked: the spans that started in [startTime,
// endTime] and meet every condition.
func parseQuery(req *queryRequest, now time.Time) (*question, error) {
	q := &question{feedbacks: req.IncludeFeedbacks != nil && *req.IncludeFeedbacks}
	q.workspace = cmpOr(req.TracingProjectFQN, req.DataRoutingDestination)
	if q.workspace == "" {
		return nil, rest.Errorf(http.StatusBadRequest, "one of tracingProjectFqn and dataRoutingDestination is required")
	}
	var err error
	if q.spans.Range, err = parseRange(req, now); err != nil {
		return nil, err
	}
	if q.spans.Limit, err = parseLimit(req.Limit); err != nil {
		return nil, err
	}
	if q.spans.Descending, err = parseDirection(req.SortDirection); err != nil {
		return nil, err
	}
	if q.spans.Filter, err = filterOf(req); err != nil {
		return nil, err
	}
	q.digest = digestOf(*req)
	return q, nil
}

// cmpOr is the first text that is there and not empty.
func cmpOr(texts ...*string) string {
	for _, s := range texts {
		if s != nil && *s != "" {
			return *s
		}
	}
	return ""
}

func parseRange(req *queryRequest, now time.Time) (query.Range, error) {
	if req.StartTime == nil {
		return query.Range{}, invalid("startTime", "it is required, in ISO 8601 such as 2025-03-12T00:00:09.872Z")
	}
	from, err := parseTime("startTime", *req.StartTime)
	if err != nil {
		return query.Range{}, err
	}
	to := now
	if req.EndTime != nil {
		if to, err = parseTime("endTime", *req.EndTime); err != nil {
			return query.Range{}, err
		}
		if to.Before(from) {
			return query.Range{}, invalid("endTime", "it is before startTime")
		}
	}
	if to.Before(from) || to.Unix() < 0 { // nothing starts between them
		return query.Range{From: 1, To: 1}, nil
	}
	return query.Range{From: rest.UnixNano(from), To: rest.UnixNano(to) + 1}, nil
}

// layouts are the forms of ISO 8601 that are read, each with and without a
// fraction of the second. A time without a zone is in UTC.
var layouts = [...]string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02",
}

func parseTime(field, text string) (time.Time, error) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, invalid(field, "%.40q is not a time in ISO 8601 such as 2025-03-12T00:00:09.872Z", text)
}

func parseLimit(limit *rest.Integer) (int, error) {
	switch {
	case limit == nil:
		return defaultLimit, nil
	case *limit < 1:
		return 0, invalid("limit", "it is at least 1")
	}
	return int(min(*limit, maxLimit)), nil
}

func parseDirection(direction *string) (descending bool, err error) {
	switch {
	case direction == nil, strings.EqualFold(*direction, "desc"):
		return true, nil
	case strings.EqualFold(*direction, "asc"):
		return false, nil
	}
	return false, invalid("sortDirection", "%.40q: want asc or desc", *direction)
}

// filterOf joins the lists of wanted values and the filters.
func filterOf(req *queryRequest) (query.Expr, error) {
	all := query.And{}
	for _, list := range [...]struct {
		name   string
		values []*string
		field  string // of SpanFieldFilter, which compares the same
	}{
		{"traceIds", req.TraceIDs, "traceId"},
		{"spanIds", req.SpanIDs, "spanId"},
		{"parentSpanIds", req.ParentSpanIDs, "parentSpanId"},
		{"createdBySubjectTypes", req.CreatedBySubjectTypes, "createdBySubjectType"},
		{"createdBySubjectSlugs", req.CreatedBySubjectSlugs, "createdBySubjectSlug"},
		{"applicationNames", req.ApplicationNames, "applicationName"},
	} {
		if len(list.values) == 0 {
			continue
		}
		texts, err := textsOf(list.name, list.values)
		if err != nil {
			return nil, err
		}
		all = append(all, spanFields[list.field].compare(query.OpEq, operand{kind: text, texts: texts}, false))
	}
	if len(req.Filters) > maxFilters {
		return nil, invalid("filters", "%d of them, at most %d are taken", len(req.Filters), maxFilters)
	}
	for i := range req.Filters {
		e, err := req.Filters[i].expr(fmt.Sprintf("filters[%d]", i))
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func textsOf(name string, values []*string) ([]string, error) {
	texts := make([]string, len(values))
	for i, v := range values {
		if v == nil {
			return nil, invalid(fmt.Sprintf("%s[%d]", name, i), "want a string, got null")
		}
		texts[i] = *v
		if name == "createdBySubjectTypes" {
			if _, ok := subjectTypeOf(*v); !ok {
				return nil, invalid(fmt.Sprintf("%s[%d]", name, i), "%.40q: want one of %s", *v, strings.Join(slices.Sorted(slices.Values(subjectTypes)), ", "))
			}
		}
	}
	return texts, nil
}
