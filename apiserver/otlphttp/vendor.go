package otlphttp

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"github.com/spanstead/spanstead/apiserver/internal/intake"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// WorkspaceHeader names the workspace of spans that come in, where no vendor's
// own way is wanted.
const WorkspaceHeader = "X-Spanstead-Workspace"

// Ingest is the neutral way to name a workspace.
func Ingest() rest.Ingest {
	return rest.Ingest{Path: Path, Page: "docs/testing.md", Read: read, Workspace: func(r *http.Request) (string, bool) {
		name := r.Header.Get(WorkspaceHeader)
		return name, rest.WellFormed(name)
	}}
}

// Name is that of spans that come in, in faults and in the journal.
func (v *Receiver) Name() string { return "otlp" }

// Workspace is what the first address says that claims the request.
func (v *Receiver) Workspace(r *http.Request, _ []byte) string {
	path := Path
	if route := mux.CurrentRoute(r); route != nil {
		if t, err := route.GetPathTemplate(); err == nil {
			path = t
		}
	}
	return intake.Find(v.opt.Ingest, path, r).Workspace
}

// credentialHeaders are those in which exporters carry an API key.
var credentialHeaders = [...]string{"Mackerel-Api-Key", "X-Api-Key", "X-LAST9-API-TOKEN"}

// Credential is a bearer token, the password of basic authentication, or an
// API key.
func (v *Receiver) Credential(r *http.Request) string {
	if token, ok := rest.BearerToken(r); ok {
		return token
	}
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	for _, name := range credentialHeaders {
		if value := r.Header.Get(name); value != "" {
			token, _ := strings.CutPrefix(value, "Bearer ")
			return token
		}
	}
	return ""
}

// Access is how an exporter reaches a workspace.
func (v *Receiver) Access(workspace string) rest.Access {
	return rest.Access{Path: Path, Header: map[string]string{WorkspaceHeader: workspace}, Params: map[string]string{}}
}

// Fail answers an error in the encoding of the request.
func (v *Receiver) Fail(w http.ResponseWriter, r *http.Request, err error) {
	enc, _ := encodingOf(r) // a content type that is none gets protobuf
	enc.fail(w, r, err)
}

// Errors are those that the specification lists for exporters.
func (v *Receiver) Errors() []rest.NamedError {
	return []rest.NamedError{
		{Name: rest.NameUnauthorized, Err: rest.Errorf(http.StatusUnauthorized, "a credential that is accepted is required")},
		{Name: rest.NameForbidden, Err: rest.Errorf(http.StatusForbidden, "the credential may not send spans")},
		{Name: rest.NameRateLimited, Err: rest.Errorf(http.StatusTooManyRequests, "too many requests")},
		{Name: "bad_data", Err: rest.Errorf(http.StatusBadRequest, "the request cannot be decoded")},
		{Name: "unavailable", Err: rest.Errorf(http.StatusServiceUnavailable, "the service is overloaded")},
	}
}
