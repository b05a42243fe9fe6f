package oracle

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Keys returns the attribute keys of the matching spans, sorted by scope, then
// key.
func Keys(all []*span.Span, q query.Keys) []query.Key {
	found := map[query.Field]map[span.Type]bool{}
	for _, s := range matching(all, q.Range, q.Filter) {
		for _, scope := range attributeScopes {
			if len(q.Scopes) == 0 || slices.Contains(q.Scopes, scope) {
				addKeys(found, s, scope)
			}
		}
	}
	var keys []query.Key
	for f, types := range found {
		key := query.Key{Field: f}
		for t := range types {
			key.Types = append(key.Types, t)
		}
		slices.Sort(key.Types)
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b query.Key) int {
		return cmp.Or(cmp.Compare(a.Field.Scope, b.Field.Scope), strings.Compare(a.Field.Key, b.Field.Key))
	})
	return keys
}

var attributeScopes = []query.Scope{
	query.ScopeSpan, query.ScopeResource, query.ScopeInstrumentation, query.ScopeEvent, query.ScopeLink,
}

func addKeys(found map[query.Field]map[span.Type]bool, s *span.Span, scope query.Scope) {
	for _, kvs := range attributeLists(s, scope) {
		for _, kv := range kvs {
			f := query.Attr(scope, kv.Key)
			if found[f] == nil {
				found[f] = map[span.Type]bool{}
			}
			found[f][kv.Value.Type()] = true
		}
	}
}

// attributeLists returns the lists of attributes that a span has in a scope.
func attributeLists(s *span.Span, scope query.Scope) [][]span.KeyValue {
	var lists [][]span.KeyValue
	switch {
	case scope == query.ScopeSpan:
		lists = append(lists, s.Attributes)
	case scope == query.ScopeResource && s.Resource != nil:
		lists = append(lists, s.Resource.Attributes)
	case scope == query.ScopeInstrumentation && s.Scope != nil:
		lists = append(lists, s.Scope.Attributes)
	case scope == query.ScopeEvent:
		for i := range s.Events {
			lists = append(lists, s.Events[i].Attributes)
		}
	case scope == query.ScopeLink:
		for i := range s.Links {
			lists = append(lists, s.Links[i].Attributes)
		}
	}
	return lists
}

// Values returns the distinct values of a field with the number of matching
// spans that have them; a span that has a value several times counts once for
// it. The most frequent come first, then by type, by text, and where even that
// is equal by their bytes in OTLP, so that the order is total.
func Values(all []*span.Span, q query.Values) []query.ValueCount {
	type counted struct {
		query.ValueCount
		text, bytes string
	}
	found := map[string]*counted{}
	for _, s := range matching(all, q.Range, q.Filter) {
		seen := map[string]bool{}
		for _, v := range query.AppendValues(nil, s, q.Field) {
			bytes := string(otlp.AppendValue(nil, v))
			if seen[bytes] {
				continue
			}
			seen[bytes] = true
			if found[bytes] == nil {
				found[bytes] = &counted{query.ValueCount{Value: v}, v.Text(), bytes}
			}
			found[bytes].Count++
		}
	}
	var sorted []*counted
	for _, c := range found {
		sorted = append(sorted, c)
	}
	slices.SortFunc(sorted, func(a, b *counted) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value.Type(), b.Value.Type()),
			strings.Compare(a.text, b.text), strings.Compare(a.bytes, b.bytes))
	})
	limit := query.MaxLimit
	if q.Limit > 0 {
		limit = min(limit, q.Limit)
	}
	var answer []query.ValueCount
	for _, c := range sorted[:min(limit, len(sorted))] {
		answer = append(answer, c.ValueCount)
	}
	return answer
}
