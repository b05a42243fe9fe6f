package lumos

import (
	"net/http"
	"strings"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

const sessionCookie = "__lumos_session"

// workspaceOf is the credential that the request carries, either of the two
// that the page knows: a bearer token or the session cookie. The token counts
// when both are there.
func workspaceOf(r *http.Request) (string, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); strings.EqualFold(scheme, "Bearer") && token != "" {
		return token, nil
	}
	if c, err := r.Cookie(sessionCookie); err == nil && c.Value != "" {
		return c.Value, nil
	}
	return "", rest.Errorf(http.StatusForbidden, "a bearer token or the cookie %s is required", sessionCookie)
}
