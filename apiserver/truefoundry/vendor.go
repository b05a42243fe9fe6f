package truefoundry

import (
	"encoding/json"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

var (
	errNoToken   = &rest.Error{Status: http.StatusUnauthorized, Message: "the header Authorization is required: Bearer <token>"}
	errExpired   = &rest.Error{Status: http.StatusUnauthorized, Message: "the token has expired"}
	errForbidden = &rest.Error{Status: http.StatusForbidden, Message: "the token may not read this tracing project"}
	errPageToken = &rest.Error{Status: http.StatusBadRequest, Code: "INVALID_PAGE_TOKEN", Field: "pageToken",
		Message: "pageToken: it has expired"}
)

// Name is the vendor's name in faults and in the journal.
func (a *Adapter) Name() string { return "truefoundry" }

// asked is what of a request says whom it asks.
type asked struct {
	Project     string `json:"tracingProjectFqn"`
	Destination string `json:"dataRoutingDestination"`
	PageToken   string `json:"pageToken"`
}

func askedOf(body []byte) (in asked) {
	_ = json.Unmarshal(body, &in) // what cannot be read is refused later
	return in
}

// Workspace is the tracing project, or the data routing destination.
func (a *Adapter) Workspace(_ *http.Request, body []byte) string {
	in := askedOf(body)
	if in.Project != "" {
		return in.Project
	}
	return in.Destination
}

// Credential is the bearer token.
func (a *Adapter) Credential(r *http.Request) string {
	token, _ := rest.BearerToken(r)
	return token
}

// Access is how a client reaches a tracing project.
func (a *Adapter) Access(workspace string) rest.Access {
	return rest.Access{
		Header: map[string]string{"Authorization": "Bearer " + workspace},
		Params: map[string]string{"token": workspace, "tracingProjectFqn": workspace},
	}
}

// Fail answers an error in the vendor's shape.
func (a *Adapter) Fail(w http.ResponseWriter, r *http.Request, err error) { fail(w, r, err) }

// Errors are those of tokens.
func (a *Adapter) Errors() []rest.NamedError {
	return []rest.NamedError{
		{Name: rest.NameUnauthorized, Err: errNoToken},
		{Name: rest.NameTokenExpired, Err: errExpired},
		{Name: rest.NameForbidden, Err: errForbidden},
		{Name: "page_token_expired", Err: errPageToken, Applies: func(_ *http.Request, body []byte) bool {
			return askedOf(body).PageToken != ""
		}},
	}
}
