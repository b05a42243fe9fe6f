package otlp

import (
	"slices"

	"github.com/spanstead/spanstead/engine/span"
)

// sameResource is the number of leading spans whose resource equals the first's.
func sameResource(spans []*span.Span) int {
	n := 1
	for n < len(spans) && equalResources(resourceOf(spans[n-1]), resourceOf(spans[n])) {
		n++
	}
	return n
}

// sameScope is the number of leading spans whose scope equals the first's.
func sameScope(spans []*span.Span) int {
	n := 1
	for n < len(spans) && equalScopes(scopeOf(spans[n-1]), scopeOf(spans[n])) {
		n++
	}
	return n
}

var (
	noResource span.Resource
	noScope    span.Scope
)

func resourceOf(s *span.Span) *span.Resource {
	if s.Resource == nil {
		return &noResource
	}
	return s.Resource
}

func scopeOf(s *span.Span) *span.Scope {
	if s.Scope == nil {
		return &noScope
	}
	return s.Scope
}

func equalResources(a, b *span.Resource) bool {
	return a == b || a.SchemaURL == b.SchemaURL && a.DroppedAttributesCount == b.DroppedAttributesCount &&
		slices.EqualFunc(a.Attributes, b.Attributes, equalAttributes) &&
		slices.EqualFunc(a.EntityRefs, b.EntityRefs, equalEntities)
}

func equalScopes(a, b *span.Scope) bool {
	return a == b || a.Name == b.Name && a.Version == b.Version && a.SchemaURL == b.SchemaURL &&
		a.DroppedAttributesCount == b.DroppedAttributesCount &&
		slices.EqualFunc(a.Attributes, b.Attributes, equalAttributes)
}

func equalAttributes(a, b span.KeyValue) bool {
	return a.Key == b.Key && a.Value.Equal(b.Value)
}

func equalEntities(a, b span.EntityRef) bool {
	return a.SchemaURL == b.SchemaURL && a.Type == b.Type &&
		slices.Equal(a.IDKeys, b.IDKeys) && slices.Equal(a.DescriptionKeys, b.DescriptionKeys)
}
