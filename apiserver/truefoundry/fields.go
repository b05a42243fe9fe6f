package truefoundry

import (
	"math"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// target is what a filter compares.
type target struct {
	name    string // for messages
	kinds   kind   // of values that it may be compared with
	classes []class
	compare compare
	present query.Expr
}

var (
	textClasses   = []class{equality, order, between, listed, contains, presence}
	wordClasses   = []class{equality, listed, contains, presence}
	numberClasses = []class{equality, order, between, listed, presence}
	allClasses    = []class{equality, order, between, listed, contains, arrays, presence}
)

// The attributes that two of the fields are read from.
var (
	environmentNewer = query.Attr(query.ScopeResource, "deployment.environment.name")
	environmentOlder = query.Attr(query.ScopeResource, "deployment.environment")
	tags             = query.Attr(query.ScopeSpan, "tags")
)

// spanFields are the names of SpanFieldFilter.
var spanFields = map[string]*target{
	"spanName":             {"spanName", text, textClasses, plain(query.Name), query.Exists{Field: query.Name}},
	"spanId":               {"spanId", text, textClasses, hexID(query.SpanID), query.Exists{Field: query.SpanID}},
	"traceId":              {"traceId", text, textClasses, hexID(query.TraceID), query.Exists{Field: query.TraceID}},
	"parentSpanId":         {"parentSpanId", text, textClasses, hexID(query.ParentSpanID), query.Exists{Field: query.ParentSpanID}},
	"applicationName":      {"applicationName", text, textClasses, plain(query.ServiceName), query.Exists{Field: query.ServiceName}},
	"createdBySubjectSlug": {"createdBySubjectSlug", text, textClasses, subjectMember("subjectSlug", false), hasSubject("subjectSlug")},
	"createdBySubjectType": {"createdBySubjectType", text, wordClasses, subjectType, hasSubject("subjectType")},
	"durationInNs":         {"durationInNs", number, numberClasses, duration(1), query.Exists{Field: query.DurationNano}},
	"durationInMs":         {"durationInMs", number, numberClasses, duration(1e6), query.Exists{Field: query.DurationNano}},
	"spanStatusCode":       {"spanStatusCode", text, wordClasses, statusCode, query.Exists{Field: query.StatusCode}},
	"tag":                  {"tag", text, allClasses, elements(tags), query.Exists{Field: tags}},
	"scopeName":            {"scopeName", text, textClasses, plain(query.ScopeName), query.Exists{Field: query.ScopeName}},
	"environment":          {"environment", text, textClasses, environment, hasEnvironment},
	"feedbacks":            {"feedbacks", text | number, allClasses, feedback, hasFeedback},
}

var (
	hasEnvironment = query.Or{query.Exists{Field: environmentNewer}, query.Exists{Field: environmentOlder}}
	hasFeedback    = query.Cmp(query.EventName, query.OpEq, query.Typed, span.String(feedbackEvent))
)

func hasSubject(key string) query.Expr {
	return subjectMember(key, false)(query.OpPrefix, operand{kind: text, texts: []string{""}}, false)
}

func attributeTarget(key string) *target {
	f := query.Attr(query.ScopeSpan, key)
	return &target{"a span attribute", text | number | boolean, allClasses, attribute(f), query.Exists{Field: f}}
}

// metadataKey is the span attribute with the gateway's request metadata: an
// object, or a string that holds one in JSON.
const metadataKey = "tfy.request.metadata"

func metadataTarget(key string) *target {
	member := func(op query.Op, v operand, each bool) query.Expr {
		return must(query.Compare{Field: query.Attr(query.ScopeSpan, metadataKey), Op: op, View: query.Text,
			Values: v.strings(), Each: each, Member: key})
	}
	present := member(query.OpPrefix, operand{kind: text, texts: []string{""}}, false)
	return &target{"gateway request metadata", text, allClasses, member, present}
}

// plain compares a text. One that is missing is shown as "", and so compared.
func plain(f query.Field) compare {
	return func(op query.Op, v operand, _ bool) query.Expr {
		c := query.Compare{Field: f, Op: op, Values: v.strings()}
		c.Missing = must(c).Holds(span.String(""))
		return must(c)
	}
}

// hexID compares ids in either case.
func hexID(f query.Field) compare {
	return func(op query.Op, v operand, each bool) query.Expr {
		lower := operand{kind: text, texts: make([]string, len(v.texts))}
		for i, s := range v.texts {
			lower.texts[i] = strings.ToLower(s)
		}
		return plain(f)(op, lower, each)
	}
}

// duration compares the duration in a unit of so many nanoseconds.
func duration(unit float64) compare {
	return func(op query.Op, v operand, each bool) query.Expr {
		nanos := make([]float64, len(v.numbers))
		for i, n := range v.numbers {
			nanos[i] = n * unit
			if whole := math.Round(nanos[i]); math.Abs(nanos[i]-whole) < 1e-3 { // 1.001 ms is 1001000 ns
				nanos[i] = whole
			}
		}
		return compareNumbers(query.DurationNano, op, nanos, each)
	}
}

// statusCode compares the schema's words, in any case and with or without
// OTLP's prefix.
func statusCode(op query.Op, v operand, _ bool) query.Expr {
	var codes []span.Value
	for _, code := range [...]span.StatusCode{span.StatusUnset, span.StatusOK, span.StatusError} {
		for _, s := range v.texts {
			want := strings.TrimPrefix(strings.ToUpper(s), "STATUS_CODE_")
			if must(query.Compare{Field: query.Name, Op: op, Values: []span.Value{span.String(want)}}).Holds(span.String(code.String())) {
				codes = append(codes, span.Int(int64(code)))
			}
		}
	}
	return query.Cmp(query.StatusCode, query.OpEq, query.Typed, codes...)
}

// environment compares the newer of two resource attributes, or the older one
// where that is missing.
func environment(op query.Op, v operand, each bool) query.Expr {
	newer, older := query.Exists{Field: environmentNewer}, attribute(environmentOlder)(op, v, each)
	return query.Or{attribute(environmentNewer)(op, v, each), query.And{query.Not{X: newer}, older}}
}
