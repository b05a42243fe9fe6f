package lumos

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

var (
	errForbidden = &rest.Error{Status: http.StatusForbidden, Message: "a bearer token or the cookie " + sessionCookie + " is required"}
	errInternal  = &rest.Error{Status: http.StatusInternalServerError, Message: http.StatusText(http.StatusInternalServerError)}
)

// Name is the vendor's name in faults and in the journal.
func (a *Adapter) Name() string { return "lumos" }

// Workspace is the credential.
func (a *Adapter) Workspace(r *http.Request, _ []byte) string { return a.Credential(r) }

// Credential is the bearer token or the session.
func (a *Adapter) Credential(r *http.Request) string {
	name, err := workspaceOf(r)
	if err != nil {
		return ""
	}
	return name
}

// Access is how a client reaches a workspace.
func (a *Adapter) Access(workspace string) rest.Access {
	return rest.Access{
		Header: map[string]string{"Authorization": "Bearer " + workspace},
		Params: map[string]string{"token": workspace},
	}
}

// Fail answers an error in the vendor's shape.
func (a *Adapter) Fail(w http.ResponseWriter, r *http.Request, err error) { fail(w, r, err) }

// Errors are those of the page, which has 403 for every bad credential.
func (a *Adapter) Errors() []rest.NamedError {
	return []rest.NamedError{
		{Name: rest.NameForbidden, Err: errForbidden},
		{Name: "internal", Err: errInternal},
	}
}
