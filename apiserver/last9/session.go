package last9

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
)

// tokenLasts is how long an access token from the exchange is good for.
const tokenLasts = 24 * time.Hour

// exchange is POST /api/v4/oauth/access_token, the vendor's client's first
// request: a refresh token for an access token. The organisation is the refresh
// token's own claim; a token without one is taken for the slug itself.
func (a *Adapter) exchange(w http.ResponseWriter, r *http.Request) error {
	var in exchangeInput
	if err := rest.DecodeJSON(r, &in, rest.JSONOptions{}); err != nil {
		return err
	}
	if in.RefreshToken == "" {
		return badRequest("refresh_token is required")
	}
	if !rest.WellFormed(in.RefreshToken) {
		return errBadToken
	}
	org, subject, err := organizationOf(in.RefreshToken)
	if err != nil {
		return err
	}
	now := rest.Now(r.Context(), a.opt.Now)
	if _, err := checkBare(in.RefreshToken, "", now); err != nil {
		return err
	}
	expires := now.Add(tokenLasts).Unix()
	exp := json.Number(fmt.Sprint(expires))
	rest.WriteJSON(w, http.StatusOK, exchangeAnswer{
		AccessToken: signed(claims{
			Organization: org, Audience: []string{origin(r)}, Subject: subject, Issued: now.Unix(), Expires: &exp,
		}),
		RefreshToken: in.RefreshToken,
		ExpiresAt:    expires,
		IssuedAt:     now.Unix(),
		Type:         "Bearer",
		Scopes:       []string{},
	})
	return nil
}

func organizationOf(refreshToken string) (org, subject string, err error) {
	if !looksLikeJWT(refreshToken) {
		if isSlug(refreshToken) {
			return refreshToken, "", nil
		}
		return store.DefaultWorkspace, "", nil
	}
	c, err := readClaims(refreshToken)
	if err != nil {
		return "", "", err
	}
	if !rest.WellFormed(c.Organization) {
		c.Organization = store.DefaultWorkspace
	}
	return c.Organization, c.Subject, nil
}

// isSlug reports whether a text is one of lower-case letters, digits, "-" and
// "_", at most 64 of them.
func isSlug(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// origin is the address under which the client reached this server.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// datasources is GET …/datasources: one entry, which names this server and the
// credentials with which spans are sent to it.
func (a *Adapter) datasources(w http.ResponseWriter, r *request) error {
	rest.WriteJSON(w, http.StatusOK, []datasource{{
		Name:      "spanstead",
		IsDefault: true,
		URL:       origin(r.Request),
		Region:    a.opt.Region,
		Properties: datasourceProperties{
			Username:          r.org,
			Password:          "spanstead",
			LevitateClusterID: digestID("cluster", r.org),
		},
	}})
	return nil
}
