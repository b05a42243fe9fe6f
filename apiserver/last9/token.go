package last9

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

const tokenHeader = "X-LAST9-API-TOKEN"

// Tokens that are refused without any setting up.
const (
	tokenExpired   = "expired"
	tokenForbidden = "forbidden"
	tokenNoConfig  = "no-otlp-config"
)

// claims are what is read of a token that is a JWT. Its signature is not
// checked: there is no key to check it with.
type claims struct {
	Organization string       `json:"organization_slug,omitempty"`
	Audience     []string     `json:"aud,omitempty"`
	Subject      string       `json:"sub,omitempty"`
	Issued       int64        `json:"iat,omitempty"`
	Expires      *json.Number `json:"exp,omitempty"`
}

// checkToken reads the header's "Bearer TOKEN" and returns who holds the
// token: a JWT's subject or organisation, otherwise a digest of the token.
func checkToken(header, org string, now time.Time) (owner string, err error) {
	if header == "" {
		return "", errNoToken
	}
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok || !rest.WellFormed(token) {
		return "", errBadToken
	}
	return checkBare(token, org, now)
}

func checkBare(token, org string, now time.Time) (owner string, err error) {
	switch token {
	case tokenExpired:
		return "", errExpired
	case tokenForbidden:
		return "", errForbidden
	case tokenNoConfig:
		return "", errConfig
	}
	sum := sha256.Sum256([]byte(token))
	owner = hex.EncodeToString(sum[:8])
	if !looksLikeJWT(token) {
		return owner, nil
	}
	c, err := readClaims(token)
	switch {
	case err != nil:
		return "", err
	case c.expired(now):
		return "", errExpired
	case org != "" && c.Organization != "" && c.Organization != org:
		return "", errForbidden
	case c.Subject != "":
		owner = c.Subject
	default:
		owner = c.Organization // a renewed token without a subject is the same caller
	}
	return owner, nil
}

// looksLikeJWT reports whether a token has three parts of which the first is
// a JSON object in base64.
func looksLikeJWT(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	var header struct {
		Algorithm string `json:"alg"`
	}
	return err == nil && json.Unmarshal(head, &header) == nil && header.Algorithm != ""
}

func readClaims(token string) (claims, error) {
	var raw struct {
		claims
		Audience json.RawMessage `json:"aud"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		return claims{}, errBadToken
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	if err := d.Decode(&raw); err != nil {
		return claims{}, errBadToken
	}
	return raw.claims, nil
}

func (c *claims) expired(now time.Time) bool {
	if c.Expires == nil {
		return false
	}
	exp, err := c.Expires.Float64()
	return err == nil && float64(now.Unix()) >= exp
}

// signingKey signs the tokens that the exchange gives out. It is no secret:
// nothing checks the signature.
var signingKey = []byte("spanstead")

func signed(c claims) string {
	payload, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and numbers marshal
	}
	text := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(payload)
	mac := hmac.New(sha256.New, signingKey)
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
