package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spanstead/spanstead/apiserver"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
)

// example is a request of a vendor's API that can be tried by hand.
type example struct {
	vendor string
	method string
	target string // from the root of the host
	header []string
	body   string
}

// announce writes the ready line, and for people a curl line per vendor.
func announce(ctx context.Context, w io.Writer, r ready, st store.Reader, api *apiserver.Server) error {
	if err := writeReady(w, r); err != nil {
		return err
	}
	list, err := examples(ctx, st, time.Now())
	if err != nil {
		return err
	}
	for _, e := range list {
		request, err := http.NewRequestWithContext(ctx, e.method, r.URL+e.target, nil)
		if err != nil {
			return err
		}
		if !api.Serves(request) {
			continue
		}
		if _, err := fmt.Fprintf(w, "\n# %s\n%s\n", e.vendor, e.curl(r.URL)); err != nil {
			return err
		}
	}
	return nil
}

// examples ask each vendor's API about the last day of the service that has
// the most spans.
func examples(ctx context.Context, st store.Reader, now time.Time) ([]example, error) {
	values, err := st.Values(ctx, store.DefaultWorkspace, query.Values{Field: query.ServiceName, Limit: 1})
	if err != nil {
		return nil, err
	}
	service, namespace := "checkout", ""
	if len(values) > 0 {
		service = values[0].Value.Text()
		if namespace, err = namespaceOf(ctx, st, values[0]); err != nil {
			return nil, err
		}
	}
	from, to := now.Add(-24*time.Hour), now.Add(time.Hour)
	const asJSON = "Content-Type: application/json"
	return []example{
		{"Last9", http.MethodPost, fmt.Sprintf("/api/v4/organizations/default/cat/api/traces/v2/query_range/json?region=us-east-1&start=%d&end=%d&limit=2&mode=span", from.Unix(), to.Unix()),
			[]string{"X-LAST9-API-TOKEN: Bearer demo", asJSON},
			fmt.Sprintf(`{"pipeline":[{"type":"filter","query":{"$and":[{"$eq":["service.name",%s]}]}}]}`, text(service))},
		{"Mackerel", http.MethodPost, "/api/v0/traces", []string{"X-Api-Key: demo", asJSON},
			fmt.Sprintf(`{"serviceName":%s,"serviceNamespace":%s,"from":%d,"to":%d,"perPage":2}`, text(service), text(namespace), from.Unix(), to.Unix())},
		{"SideSeat", http.MethodGet, "/api/v1/project/default/otel/traces?limit=2&include_nongenai=true", nil, ""},
		{"TrueFoundry", http.MethodPost, "/api/svc/v1/spans/query", []string{"Authorization: Bearer demo", asJSON},
			fmt.Sprintf(`{"tracingProjectFqn":"default","startTime":%q,"limit":2}`, from.UTC().Format(time.RFC3339))},
		{"Lumos", http.MethodPost, "/query/traces", []string{"Authorization: Bearer demo", asJSON},
			fmt.Sprintf(`{"service_name":%s,"limit":2}`, text(service))},
	}, nil
}

// namespaceOf is the namespace in which a service has the most spans.
func namespaceOf(ctx context.Context, st store.Reader, service query.ValueCount) (string, error) {
	values, err := st.Values(ctx, store.DefaultWorkspace, query.Values{
		Filter: query.Cmp(query.ServiceName, query.OpEq, query.Typed, service.Value),
		Field:  query.Attr(query.ScopeResource, "service.namespace"), Limit: 1,
	})
	if err != nil || len(values) == 0 {
		return "", err
	}
	return values[0].Value.Text(), nil
}

// curl is the request as a line for a shell.
func (e *example) curl(base string) string {
	words := []string{"curl", "-sS"}
	if e.method != http.MethodGet {
		words = append(words, "-X", e.method)
	}
	words = append(words, quote(base+e.target))
	for _, h := range e.header {
		words = append(words, "-H", quote(h))
	}
	if e.body != "" {
		words = append(words, "-d", quote(e.body))
	}
	return strings.Join(words, " ")
}

// quote makes one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// text is a string of JSON.
func text(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // a string cannot fail to marshal
		panic(err)
	}
	return string(b)
}
