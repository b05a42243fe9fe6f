package truefoundry

import (
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// A feedback on a span is an event of it, of this name, with these attributes.
const (
	feedbackEvent   = "tfy.feedback"
	feedbackID      = "tfy.feedback.id"
	feedbackRating  = "tfy.feedback.rating"
	feedbackComment = "tfy.feedback.comment"
)

// feedbackOf is id, rating, comment and time; null for what is not there.
func feedbackOf(e *span.Event) []span.Value {
	list := make([]span.Value, 0, 4)
	for _, key := range [...]string{feedbackID, feedbackRating, feedbackComment} {
		v, _ := span.Lookup(e.Attributes, key)
		list = append(list, double(v))
	}
	return append(list, span.String(timestamp(e.TimeUnixNano)))
}

// feedback compares numbers with the ratings and texts with the comments.
func feedback(op query.Op, v operand, each bool) query.Expr {
	if v.kind == number {
		return attribute(query.Attr(query.ScopeEvent, feedbackRating))(op, v, each)
	}
	return attribute(query.Attr(query.ScopeEvent, feedbackComment))(op, v, each)
}
