package last9

import (
	"net/http"
	"strings"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/engine/query"
)

// maxLabelValues bounds the values of one answer.
const maxLabelValues = 10_000

// labelValues is POST …/traces/v2/label/json/{tagName}/values: the distinct
// values of a tag, the most frequent first.
func (a *Adapter) labelValues(w http.ResponseWriter, r *request) error {
	window, err := paramsOf(r.Request).window()
	if err != nil {
		return err
	}
	filter, err := filterOf(r.Request)
	if err != nil {
		return err
	}
	fields, err := a.tagFields(r.vars["tagName"])
	if err != nil {
		return err
	}
	answer := labelValuesAnswer{Status: success, Data: []string{}}
	for _, f := range fields {
		if answer.Data, err = a.valuesOf(r, window, filter, f); err != nil {
			return err
		}
		if len(answer.Data) > 0 {
			break
		}
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

// tagFields are the fields that a tag's name may mean, the first that has
// values counting. Names as series answers them in the other fidelity,
// resource_service.name, are taken where the bare name has no values.
func (a *Adapter) tagFields(name string) ([]pipeline.Field, error) {
	bare, err := pipeline.ParseField(name)
	if err != nil {
		return nil, badRequest("tagName: %s", strings.TrimPrefix(err.Error(), "pipeline: "))
	}
	for scope, prefix := range labelPrefixes {
		key, ok := strings.CutPrefix(name, prefix)
		if !ok || key == "" {
			continue
		}
		prefixed := pipeline.Field{Name: name, Query: query.Attr(scope, key)}
		if a.observed() {
			return []pipeline.Field{prefixed, bare}, nil
		}
		return []pipeline.Field{bare, prefixed}, nil
	}
	return []pipeline.Field{bare}, nil
}

func (a *Adapter) valuesOf(r *request, window query.Range, filter query.Expr, f pipeline.Field) ([]string, error) {
	counts, err := a.opt.Store.Values(r.Context(), r.org, query.Values{
		Range: window, Filter: filter, Field: f.Query, Limit: maxLabelValues,
	})
	if err != nil {
		return nil, err
	}
	values := []string{}
	seen := make(map[string]bool, len(counts)) // 200 and "200" are the same text
	for _, c := range counts {
		if text := f.Show(c.Value).Text(); text != "" && !seen[text] {
			seen[text] = true
			values = append(values, text)
		}
	}
	return values, nil
}
