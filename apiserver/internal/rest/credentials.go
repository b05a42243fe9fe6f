package rest

import (
	"net/http"
	"strings"
)

// BearerToken is the token of "Authorization: Bearer TOKEN", the scheme in any
// case; ok is false when there is no such header or it holds no token.
func BearerToken(r *http.Request) (token string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && WellFormed(token)
}

// MaxCredential is the longest credential that is well formed.
const MaxCredential = 8 << 10

// WellFormed reports whether a credential is visible ASCII of a sane length,
// which is all that is asked of one as long as nobody names exact ones.
func WellFormed(credential string) bool {
	if credential == "" || len(credential) > MaxCredential {
		return false
	}
	for i := range len(credential) {
		if c := credential[i]; c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}
