package mackerel

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// The refusals that the page lists.
var (
	errKey = &rest.Error{Status: http.StatusUnauthorized,
		Message: "authentication failed: the API key is missing or malformed"}
	errGranted = &rest.Error{Status: http.StatusForbidden,
		Message: "permission to access the trace is not granted"}
	errRate = &rest.Error{Status: http.StatusTooManyRequests,
		Message: "too many requests: at most 1 request per second"}
	errMissing = &rest.Error{Status: http.StatusNotFound, Message: "trace is not found"}
)

// Name is the vendor's name in faults and in the journal.
func (a *Adapter) Name() string { return "mackerel" }

// Workspace is the API key.
func (a *Adapter) Workspace(r *http.Request, _ []byte) string {
	key, _ := apiKey(r)
	return key
}

// Credential is the API key.
func (a *Adapter) Credential(r *http.Request) string { return a.Workspace(r, nil) }

// Access is how a client reaches a workspace.
func (a *Adapter) Access(workspace string) rest.Access {
	return rest.Access{
		Header: map[string]string{apiKeyHeader: workspace},
		Params: map[string]string{"apiKey": workspace},
	}
}

// Fail answers an error in the vendor's shape.
func (a *Adapter) Fail(w http.ResponseWriter, r *http.Request, err error) { fail(w, r, err) }

// Errors are those of the page.
func (a *Adapter) Errors() []rest.NamedError {
	return []rest.NamedError{
		{Name: rest.NameUnauthorized, Err: errKey},
		{Name: rest.NameForbidden, Err: errGranted},
		{Name: rest.NameRateLimited, Err: errRate},
		{Name: "not_found", Err: errMissing},
	}
}

// Reset forgets when keys were used.
func (a *Adapter) Reset() {
	a.limiter.mu.Lock()
	defer a.limiter.mu.Unlock()
	a.limiter.last = nil
}
