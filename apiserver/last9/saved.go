package last9

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/engine/query"
)

// savedCollection holds the saved searches of an organisation. The slug is in
// the name because several may share the default workspace.
func savedCollection(r *request) string { return "last9.saved-searches/" + r.org }

// Bounds on saved searches.
const (
	maxSaved     = 10_000
	maxSavedName = 256
)

// listSaved is GET …/traces/searches: the caller's own searches and those
// that are shared, in the order in which they were made.
func (a *Adapter) listSaved(w http.ResponseWriter, r *request) error {
	source, err := querySource(paramsOf(r.Request).Get("query_source"))
	if err != nil {
		return err
	}
	all, err := a.savedOf(r)
	if err != nil {
		return err
	}
	answer := savedListAnswer{Status: success, Data: []savedSearch{}}
	for _, d := range all {
		if d.visible(r.owner) && (source == "" || source == d.QuerySource) {
			answer.Data = append(answer.Data, d.savedSearch)
		}
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

func (a *Adapter) createSaved(w http.ResponseWriter, r *request) error {
	in, err := readSaved(r.Request)
	if err != nil {
		return err
	}
	if err := in.complete(); err != nil {
		return err
	}
	a.searches.Lock()
	defer a.searches.Unlock()
	all, err := a.savedOf(r)
	if err != nil {
		return err
	}
	if len(all) >= maxSaved {
		return badRequest("there are %d saved searches already", len(all))
	}
	now := a.timestamp(r)
	d := savedDocument{Owner: r.owner, savedSearch: savedSearch{QuerySource: sourceManual, CreatedAt: now}}
	d.apply(in, now)
	d.ID = newID(all, r.org, now, d.Name)
	if err := a.putSaved(r, &d); err != nil {
		return err
	}
	rest.WriteJSON(w, http.StatusCreated, savedAnswer{success, d.savedSearch})
	return nil
}

// updateSaved is PUT …/traces/searches/{id}; what the body leaves out stays.
func (a *Adapter) updateSaved(w http.ResponseWriter, r *request) error {
	in, err := readSaved(r.Request)
	if err != nil {
		return err
	}
	a.searches.Lock()
	defer a.searches.Unlock()
	d, err := a.ownSaved(r)
	if err != nil {
		return err
	}
	d.apply(in, a.timestamp(r))
	if err := a.putSaved(r, d); err != nil {
		return err
	}
	rest.WriteJSON(w, http.StatusOK, savedAnswer{success, d.savedSearch})
	return nil
}

func (a *Adapter) deleteSaved(w http.ResponseWriter, r *request) error {
	a.searches.Lock()
	defer a.searches.Unlock()
	d, err := a.ownSaved(r)
	if err != nil {
		return err
	}
	if err := a.opt.Store.DeleteDocument(r.Context(), r.org, savedCollection(r), d.ID); err != nil {
		return err
	}
	rest.WriteJSON(w, http.StatusOK, deletedAnswer{success, deletedID{d.ID}})
	return nil
}

// readSaved reads and checks what the body gives.
func readSaved(r *http.Request) (savedInput, error) {
	var in savedInput
	if err := rest.DecodeJSON(r, &in, rest.JSONOptions{}); err != nil {
		return in, err
	}
	if in.Name != nil && (*in.Name == "" || utf8.RuneCountInString(*in.Name) > maxSavedName) {
		return in, badRequest("name has 1 to %d characters", maxSavedName)
	}
	if in.Mode != nil && *in.Mode != "span" && *in.Mode != "trace" {
		return in, badRequest("mode must be span or trace")
	}
	if in.QuerySource != nil {
		if _, err := querySource(*in.QuerySource); err != nil {
			return in, err
		}
	}
	if bytes.Equal(in.Pipeline, []byte("null")) {
		in.Pipeline = nil
	}
	if _, err := pipeline.Parse(in.Pipeline); err != nil {
		return in, badRequest("%v", err)
	}
	return in, nil
}

// complete reports whether all that a new search needs is there.
func (in *savedInput) complete() error {
	switch {
	case in.Name == nil:
		return badRequest("name is required")
	case in.Pipeline == nil:
		return badRequest("pipeline is required")
	case in.Mode == nil:
		return badRequest("mode is required")
	}
	return nil
}

func (d *savedDocument) apply(in savedInput, now string) {
	if in.Name != nil {
		d.Name = *in.Name
	}
	if in.Pipeline != nil {
		d.Pipeline = compacted(in.Pipeline)
	}
	if in.Mode != nil {
		d.Mode = *in.Mode
	}
	if in.Shared != nil {
		d.Shared = *in.Shared
	}
	if in.QuerySource != nil && *in.QuerySource != "" {
		d.QuerySource = *in.QuerySource
	}
	d.UpdatedAt = now
}

func (d *savedDocument) visible(owner string) bool { return d.Shared || d.Owner == owner }

// ownSaved is the search of the path, which only its owner may change: to
// others a private one is not there, and a shared one is forbidden.
func (a *Adapter) ownSaved(r *request) (*savedDocument, error) {
	body, err := a.opt.Store.Document(r.Context(), r.org, savedCollection(r), r.vars["id"])
	if err != nil {
		return nil, err
	}
	var d savedDocument
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, fmt.Errorf("saved search %s: %w: %w", r.vars["id"], query.ErrCorrupt, err)
	}
	switch {
	case d.Owner == r.owner:
		return &d, nil
	case d.Shared:
		return nil, errForbidden
	}
	return nil, errNotFound
}

func (a *Adapter) savedOf(r *request) ([]savedDocument, error) {
	all, err := documents[savedDocument](r.Context(), a, r.org, savedCollection(r))
	slices.SortFunc(all, func(x, y savedDocument) int {
		return cmp.Or(cmp.Compare(x.CreatedAt, y.CreatedAt), cmp.Compare(x.ID, y.ID))
	})
	return all, err
}

func (a *Adapter) putSaved(r *request, d *savedDocument) error {
	return a.put(r.Context(), r.org, savedCollection(r), d.ID, d)
}

// documents reads a collection.
func documents[T any](ctx context.Context, a *Adapter, org, collection string) ([]T, error) {
	docs, err := a.opt.Store.ListDocuments(ctx, org, collection)
	if err != nil {
		return nil, err
	}
	list := make([]T, len(docs))
	for i, d := range docs {
		if err := json.Unmarshal(d.Body, &list[i]); err != nil {
			return nil, fmt.Errorf("%s %s: %w: %w", collection, d.ID, query.ErrCorrupt, err)
		}
	}
	return list, nil
}

func (a *Adapter) put(ctx context.Context, org, collection, id string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types marshal
	}
	return a.opt.Store.PutDocument(ctx, org, collection, id, body)
}

// newID is a UUID that follows from the organisation, the time and the name,
// and that no search of the organisation has.
func newID(all []savedDocument, org, now, name string) string {
	for n := 0; ; n++ {
		id := digestID(org, now, name, fmt.Sprint(n))
		if !slices.ContainsFunc(all, func(d savedDocument) bool { return d.ID == id }) {
			return id
		}
	}
}

func digestID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	b := h.Sum(nil)
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // version 8, the free form
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// timeFormat sorts as text as it does as time.
const timeFormat = "2006-01-02T15:04:05.000000000Z"

func (a *Adapter) timestamp(r *request) string {
	return rest.Now(r.Context(), a.opt.Now).UTC().Format(timeFormat)
}

func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// The sources of a query.
const (
	sourceManual = "manual"
	sourceNLP    = "nlp"
)

// querySource checks a source; "" is any.
func querySource(s string) (string, error) {
	switch s {
	case "", sourceManual, sourceNLP:
		return s, nil
	}
	return "", badRequest("query_source must be manual or nlp")
}

func compacted(raw json.RawMessage) json.RawMessage {
	var buf bytes.Buffer
	if json.Compact(&buf, raw) != nil {
		return raw
	}
	return buf.Bytes()
}

// isNotFound reports whether a document is not there.
func isNotFound(err error) bool { return errors.Is(err, query.ErrNotFound) }
