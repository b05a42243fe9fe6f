package sideseat

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// Name is the vendor's name in faults and in the journal.
func (a *Adapter) Name() string { return "sideseat" }

// Workspace is the project.
func (a *Adapter) Workspace(r *http.Request, _ []byte) string { return mux.Vars(r)["project"] }

// Credential is the API key, which a service without authentication does not
// need.
func (a *Adapter) Credential(r *http.Request) string {
	token, _ := rest.BearerToken(r)
	return token
}

// Access is how a client reaches a project.
func (a *Adapter) Access(workspace string) rest.Access {
	return rest.Access{
		Path:   strings.ReplaceAll(base, "{project}", workspace),
		Header: map[string]string{},
		Params: map[string]string{"project": workspace},
	}
}

// Fail answers an error in the vendor's shape.
func (a *Adapter) Fail(w http.ResponseWriter, r *http.Request, err error) { a.fail(w, r, err) }

// Errors are those of the service.
func (a *Adapter) Errors() []rest.NamedError {
	return []rest.NamedError{
		{Name: rest.NameUnauthorized, Err: errAPIKey},
		{Name: "invalid_project", Err: errProjectID.(*rest.Error)},
		{Name: "database", Err: errDatabase},
		{Name: "page_token_expired", Err: errCursor, Applies: func(r *http.Request, _ []byte) bool {
			return r.URL.Query().Has("cursor")
		}},
	}
}

// errCursor is what the service says of a cursor that it does not take; it
// knows none that expire.
var errCursor = &rest.Error{Status: http.StatusBadRequest, Code: "INVALID_CURSOR", Message: "Invalid cursor format"}
