package enginetest

import (
	"cmp"
	"slices"

	"github.com/spanstead/spanstead/engine/span"
)

// Canonical is a copy of a span as the store gives it back: attributes sorted
// by key, repeats in order, empty lists nil, resource and scope never nil.
func Canonical(s *span.Span) *span.Span {
	c := *s
	c.Attributes = sorted(c.Attributes)
	c.Events = slices.Clone(c.Events)
	c.Links = slices.Clone(c.Links)
	res, scope := span.Resource{}, span.Scope{}
	if s.Resource != nil {
		res = *s.Resource
	}
	if s.Scope != nil {
		scope = *s.Scope
	}
	res.Attributes, scope.Attributes = sorted(res.Attributes), sorted(scope.Attributes)
	c.Resource, c.Scope = &res, &scope
	return &c
}

// CanonicalAll is Canonical for each span.
func CanonicalAll(spans []*span.Span) []*span.Span {
	out := make([]*span.Span, len(spans))
	for i, s := range spans {
		out[i] = Canonical(s)
	}
	return out
}

func sorted(kvs []span.KeyValue) []span.KeyValue {
	if len(kvs) == 0 {
		return nil
	}
	out := slices.Clone(kvs)
	slices.SortStableFunc(out, func(a, b span.KeyValue) int { return cmp.Compare(a.Key, b.Key) })
	return out
}
