package rest

import (
	"context"
	"net/http"
	"time"
)

// Vendor is an adapter that says of itself what a test double has to know:
// whom a request asks for, and how the vendor refuses one.
type Vendor interface {
	Adapter
	// Name is that of the adapter's folder, such as "mackerel".
	Name() string
	// Workspace is the name that a request to one of the routes asks for, whether
	// or not it exists; "" when it does not say. body is the beginning of what
	// was sent.
	Workspace(r *http.Request, body []byte) string
	// Credential is what the request shows, "" for nothing.
	Credential(r *http.Request) string
	// Access is how a client reaches a workspace.
	Access(workspace string) Access
	// Fail answers an error in the vendor's shape.
	Fail(w http.ResponseWriter, r *http.Request, err error)
	// Errors are the vendor's known refusals.
	Errors() []NamedError
}

// Access is what a client needs to be asked about a workspace.
type Access struct {
	Path   string            // from the root of the host, "" for the root itself
	Header map[string]string // credentials among them
	Params map[string]string // what else names the workspace, by the vendor's own words
}

// The names under which most vendors have an error.
const (
	NameUnauthorized = "unauthorized"
	NameTokenExpired = "token_expired"
	NameForbidden    = "forbidden"
	NameRateLimited  = "rate_limited"
)

// NamedError is an answer that a vendor is known to give, under a name without
// the vendor's.
type NamedError struct {
	Name string
	Err  *Error
	// Applies narrows the error to requests that can meet it; nil means all.
	Applies func(r *http.Request, body []byte) bool
}

// Resetter is an Adapter with a memory of its own.
type Resetter interface {
	// Reset forgets everything.
	Reset()
}

type nowKey struct{}

// WithNow gives a context the clock of the workspace that is asked.
func WithNow(ctx context.Context, now func() time.Time) context.Context {
	return context.WithValue(ctx, nowKey{}, now)
}

// Now is the time by the context's clock, by fallback's without one.
func Now(ctx context.Context, fallback func() time.Time) time.Time {
	if now, ok := ctx.Value(nowKey{}).(func() time.Time); ok {
		return now()
	}
	return fallback()
}
