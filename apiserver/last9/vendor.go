package last9

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// Name is the vendor's name in faults and in the journal.
func (a *Adapter) Name() string { return "last9" }

// Workspace is the organisation's slug.
func (a *Adapter) Workspace(r *http.Request, _ []byte) string { return mux.Vars(r)["org"] }

// Credential is the access token.
func (a *Adapter) Credential(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get(tokenHeader), "Bearer ")
	return token
}

// Access is how a client reaches an organisation.
func (a *Adapter) Access(workspace string) rest.Access {
	return rest.Access{
		Path:   strings.ReplaceAll(base, "{org}", workspace),
		Header: map[string]string{tokenHeader: "Bearer " + workspace},
		Params: map[string]string{"organization": workspace, "region": a.opt.Region, "refreshToken": workspace},
	}
}

// Fail answers an error in the vendor's shape.
func (a *Adapter) Fail(w http.ResponseWriter, r *http.Request, err error) { a.fail(w, r, err) }

// Errors are those of the page, and of tokens.
func (a *Adapter) Errors() []rest.NamedError {
	return []rest.NamedError{
		{Name: rest.NameUnauthorized, Err: errNoToken},
		{Name: rest.NameTokenExpired, Err: errExpired},
		{Name: rest.NameForbidden, Err: errForbidden},
		{Name: "not_found", Err: errNotFound},
		{Name: "region_required", Err: errRegion},
		{Name: "invalid_token", Err: errBadToken},
		{Name: "otlp_config_missing", Err: errConfig},
	}
}
