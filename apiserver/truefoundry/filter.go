package truefoundry

import (
	"maps"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
)

// expr reads a filter; place is its name in messages.
func (f *filter) expr(place string) (query.Expr, error) {
	t, err := f.target(place)
	if err != nil {
		return nil, err
	}
	if f.Operator == nil {
		return nil, invalid(place+".operator", "it is required")
	}
	name := strings.ToUpper(*f.Operator)
	o, ok := operators[name]
	if !ok {
		return nil, invalid(place+".operator", "%.40q: want one of %s", *f.Operator, words(operators))
	}
	v, err := parseOperand(f.Value)
	if err != nil {
		return nil, invalid(place+".value", "%v", err)
	}
	if err := o.check(name, t, &v); err != nil {
		return nil, invalid(place, "%v", err)
	}
	return o.expr(t, v), nil
}

func words[T any](table map[string]T) string {
	return strings.Join(slices.Sorted(maps.Keys(table)), ", ")
}

// target is what the filter compares: just one of its three members says so.
func (f *filter) target(place string) (*target, error) {
	named := 0
	for _, s := range [...]*string{f.SpanFieldName, f.SpanAttributeKey, f.GatewayRequestMetadataKey} {
		if s != nil {
			named++
		}
	}
	switch {
	case named != 1:
		return nil, invalid(place, "want one of spanFieldName, spanAttributeKey and gatewayRequestMetadataKey, got %d of them", named)
	case f.SpanFieldName != nil:
		for name, t := range spanFields {
			if strings.EqualFold(name, *f.SpanFieldName) {
				return t, nil
			}
		}
		return nil, invalid(place+".spanFieldName", "%.40q: want one of %s", *f.SpanFieldName, words(spanFields))
	case f.SpanAttributeKey != nil:
		if *f.SpanAttributeKey == "" {
			return nil, invalid(place+".spanAttributeKey", "it is empty")
		}
		return attributeTarget(*f.SpanAttributeKey), nil
	}
	if *f.GatewayRequestMetadataKey == "" {
		return nil, invalid(place+".gatewayRequestMetadataKey", "it is empty")
	}
	return metadataTarget(*f.GatewayRequestMetadataKey), nil
}
