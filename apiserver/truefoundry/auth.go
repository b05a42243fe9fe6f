package truefoundry

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// Tokens that are refused without any setting up.
const (
	tokenExpired   = "expired"
	tokenForbidden = "forbidden"
)

// authorize checks the bearer token. Every well-formed one is taken that does
// not say of itself that it has expired; there is no key to check signatures with.
func authorize(r *http.Request, now time.Time) error {
	if len(r.Header.Values("Authorization")) == 0 {
		return rest.Errorf(http.StatusUnauthorized, "the header Authorization is required: Bearer <token>")
	}
	token, ok := rest.BearerToken(r)
	switch {
	case !ok:
		return rest.Errorf(http.StatusUnauthorized, "the header Authorization is malformed, want: Bearer <token>")
	case token == tokenForbidden:
		return rest.Errorf(http.StatusForbidden, "the token may not read this tracing project")
	case token == tokenExpired:
		return rest.Errorf(http.StatusUnauthorized, "the token has expired")
	}
	return checkJWT(token, now)
}

// checkJWT looks at the claims of a token that is a JWT; any other passes.
func checkJWT(token string, now time.Time) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if !decodePart(parts[0], &header) || header.Algorithm == "" {
		return nil
	}
	var claims struct {
		Expires *float64 `json:"exp"`
	}
	if !decodePart(parts[1], &claims) {
		return rest.Errorf(http.StatusUnauthorized, "the token is malformed: its claims cannot be read")
	}
	if claims.Expires != nil && float64(now.Unix()) >= *claims.Expires {
		return rest.Errorf(http.StatusUnauthorized, "the token has expired")
	}
	return nil
}

func decodePart(part string, v any) bool {
	b, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(b, v) == nil
}
