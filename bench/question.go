package bench

import (
	"fmt"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Kind is one of the questions, without its parameters.
type Kind uint8

// The questions. The letters tell the halves of one question apart.
const (
	Q1  Kind = iota // a trace by its id
	Q2              // newest 100 of a service with http.status_code >= 500 in one hour
	Q3              // the 20 slowest failed spans of a service
	Q4              // newest 50 traces with failed spans of a service and a duration in a range
	Q5              // heatmap of everything, 60 s by 20 cells
	Q6              // the same for one service and http.route
	Q7              // keys of span and resource attributes in a range
	Q8a             // values of service.name in a range
	Q8b             // values of http.route in a range
	Q9a             // newest 100 whose http.target contains a text
	Q9b             // newest 100 whose http.target matches a regular expression
	Q10             // spans of a user, newest first
	Q11             // number and newest 50 of a filter that matches many
	kinds
)

var kindNames = [kinds]string{"Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7", "Q8a", "Q8b", "Q9a", "Q9b", "Q10", "Q11"}

var kindTexts = [kinds]string{
	"trace by id",
	"newest 100 of a service, status code >= 500, 1 h",
	"20 slowest failed of a service, 24 h",
	"newest 50 traces, service, failed, duration range",
	"heatmap 24 h, 60 s x 20",
	"heatmap, service and route",
	"attribute keys in a range",
	"values of service.name",
	"values of http.route",
	"http.target contains",
	"http.target matches",
	"one user.id, 24 h",
	"count and 50 of a broad filter",
}

// Kinds lists every kind in order.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// String is the kind's name, such as Q8a.
func (k Kind) String() string {
	if k >= kinds {
		return "invalid"
	}
	return kindNames[k]
}

// Text says in a few words what is asked.
func (k Kind) Text() string {
	if k >= kinds {
		return "invalid"
	}
	return kindTexts[k]
}

// ParseKinds reads names such as "Q1,Q8a"; Q8 means both of its halves.
func ParseKinds(text string) ([]Kind, error) {
	var list []Kind
	for name := range strings.SplitSeq(text, ",") {
		n := len(list)
		for _, k := range Kinds() {
			if k.String() == name || strings.TrimRight(k.String(), "ab") == name {
				list = append(list, k)
			}
		}
		if len(list) == n {
			return nil, fmt.Errorf("no question %q", name)
		}
	}
	return list, nil
}

// Limits of the questions for lists.
const (
	Q2Limit  = 100
	Q3Limit  = 20
	Q4Limit  = 50
	Q8Limit  = 100
	Q9Limit  = 100
	Q10Limit = 1000
	Q11Limit = 50
)

// The heatmaps' cells.
const (
	HeatmapStep  = 60_000_000_000
	HeatmapCells = 20
)

// Question is a kind with parameters. Only those that its kind has are set.
type Question struct {
	Kind        Kind
	TraceID     span.TraceID // Q1
	Range       query.Range  // all but Q1
	Service     string       // Q2, Q3, Q4, Q6
	Route       string       // Q6
	MinDuration int64        // Q4, nanoseconds, inclusive
	MaxDuration int64        // Q4
	Text        string       // Q9a: the text; Q9b: the regular expression
	User        string       // Q10
	Method      string       // Q11
	Status      int64        // Q2: at least; Q11: below
}

// The fields that the questions name.
var (
	httpStatusCode = query.Attr(query.ScopeSpan, "http.status_code")
	httpRoute      = query.Attr(query.ScopeSpan, "http.route")
	httpTarget     = query.Attr(query.ScopeSpan, "http.target")
	httpMethod     = query.Attr(query.ScopeSpan, "http.method")
	userID         = query.Attr(query.ScopeSpan, "user.id")
)

// Filter is the question's filter; nil if it has none.
func (q *Question) Filter() (query.Expr, error) {
	switch q.Kind {
	case Q2:
		return query.And{is(query.ServiceName, q.Service), compare(httpStatusCode, query.OpGe, span.Int(q.Status))}, nil
	case Q3, Q4:
		return query.And{is(query.ServiceName, q.Service), compare(query.StatusCode, query.OpEq, span.Int(int64(span.StatusError)))}, nil
	case Q6:
		return query.And{is(query.ServiceName, q.Service), is(httpRoute, q.Route)}, nil
	case Q9a:
		return query.NewCompare(query.Compare{Field: httpTarget, Op: query.OpContains, Values: []span.Value{span.String(q.Text)}})
	case Q9b:
		return query.NewCompare(query.Compare{Field: httpTarget, Op: query.OpRegexp, Values: []span.Value{span.String(q.Text)}})
	case Q10:
		return is(userID, q.User), nil
	case Q11:
		return query.And{is(httpMethod, q.Method), compare(httpStatusCode, query.OpLt, span.Int(q.Status))}, nil
	}
	return nil, nil
}

func is(f query.Field, text string) query.Expr {
	return compare(f, query.OpEq, span.String(text))
}

func compare(f query.Field, op query.Op, v span.Value) query.Expr {
	return query.Cmp(f, op, query.Typed, v)
}
