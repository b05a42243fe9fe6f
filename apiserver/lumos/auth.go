package lumos

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

const (
	sessionCookie         = "__lumos_session"
	organizationHeader    = "X-Alerty-OrganizationId"
	organizationAttribute = "alerty.organizationId" // of a resource
)

// workspaceOf is the credential that the request carries, either of the two
// that the page knows: a bearer token or the session cookie. The token counts
// when both are there.
func workspaceOf(r *http.Request) (string, error) {
	if token, ok := rest.BearerToken(r); ok {
		return token, nil
	}
	if c, err := r.Cookie(sessionCookie); err == nil && rest.WellFormed(c.Value) {
		return c.Value, nil
	}
	return "", rest.Errorf(http.StatusForbidden, "a bearer token or the cookie %s is required", sessionCookie)
}

// Ingest is where the vendor's exporters send spans.
func (a *Adapter) Ingest() []rest.Ingest {
	return []rest.Ingest{{
		Path: "/v1/traces", Workspace: ingestWorkspace, Attribute: organizationAttribute, Page: page, Read: read,
	}}
}

func ingestWorkspace(r *http.Request) (string, bool) {
	id := r.Header.Get(organizationHeader)
	return id, rest.WellFormed(id)
}
