package last9

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Bounds on a series answer. Keys past the second are named without a value.
const (
	maxSeriesKeys  = 5000
	maxSeriesSpans = 256
)

// series is POST …/traces/v2/series/json: one set of labels that holds every
// attribute key of the matching spans, each with the value that it has on the
// newest span that has it.
func (a *Adapter) series(w http.ResponseWriter, r *request) error {
	window, err := paramsOf(r.Request).window()
	if err != nil {
		return err
	}
	filter, err := filterOf(r.Request)
	if err != nil {
		return err
	}
	set, err := a.labelSet(r, window, filter)
	if err != nil {
		return err
	}
	answer := seriesAnswer{Status: success, Data: []map[string]string{}}
	if len(set) > 0 {
		answer.Data = append(answer.Data, set)
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

// labelScopes are looked at in this order; documented names are bare, so of
// two scopes that have a key the first gives the value.
var labelScopes = []query.Scope{query.ScopeSpan, query.ScopeResource, query.ScopeEvent}

// labelName is what an attribute is called in a set of labels.
func (a *Adapter) labelName(f query.Field) string {
	if a.observed() {
		return labelPrefixes[f.Scope] + f.Key
	}
	return f.Key
}

var labelPrefixes = map[query.Scope]string{query.ScopeResource: "resource_", query.ScopeEvent: "event_"}

// labelSet takes the labels of the newest span, then of the newest span that
// has a key which is still missing, until none is.
func (a *Adapter) labelSet(r *request, window query.Range, filter query.Expr) (map[string]string, error) {
	keys, err := a.opt.Store.Keys(r.Context(), r.org, query.Keys{Range: window, Filter: filter, Scopes: labelScopes})
	if err != nil {
		return nil, err
	}
	set := map[string]string{}
	asked := 0
	for _, key := range keys[:min(len(keys), maxSeriesKeys)] {
		if _, ok := set[a.labelName(key.Field)]; ok {
			continue
		}
		if asked++; asked > maxSeriesSpans {
			set[a.labelName(key.Field)] = ""
			continue
		}
		found, err := a.opt.Store.Spans(r.Context(), r.org, query.Spans{
			Range: window, Filter: and(filter, query.Exists{Field: key.Field}), Descending: true, Limit: 1,
		})
		if err != nil {
			return nil, err
		}
		for _, s := range found.Spans {
			a.addLabels(set, s)
		}
	}
	return set, nil
}

// addLabels adds the span's attributes that the set does not have yet.
func (a *Adapter) addLabels(set map[string]string, s *span.Span) {
	for _, kv := range s.Attributes {
		a.addLabel(set, query.ScopeSpan, kv)
	}
	for _, kv := range s.Resource.Attributes {
		a.addLabel(set, query.ScopeResource, kv)
	}
	for i := range s.Events {
		for _, kv := range s.Events[i].Attributes {
			a.addLabel(set, query.ScopeEvent, kv)
		}
	}
}

func (a *Adapter) addLabel(set map[string]string, scope query.Scope, kv span.KeyValue) {
	name := a.labelName(query.Attr(scope, kv.Key))
	if _, ok := set[name]; !ok && len(set) < maxSeriesKeys {
		set[name] = kv.Value.Text()
	}
}

// tags is GET …/cat/api/search/tags: the attribute keys by scope. It is not on
// the page; the vendor's client asks it.
func (a *Adapter) tags(w http.ResponseWriter, r *request) error {
	window, err := paramsOf(r.Request).window()
	if err != nil {
		return err
	}
	keys, err := a.opt.Store.Keys(r.Context(), r.org, query.Keys{Range: window, Scopes: labelScopes})
	if err != nil {
		return err
	}
	answer := tagsAnswer{}
	for _, scope := range labelScopes {
		tags := tagScope{Name: scope.String(), Tags: []string{}}
		for _, key := range keys {
			if key.Field.Scope == scope {
				tags.Tags = append(tags.Tags, key.Field.Key)
			}
		}
		answer.Scopes = append(answer.Scopes, tags)
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}
