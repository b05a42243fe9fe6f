package double

import (
	"net/http"
	"slices"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// Credentials that every vendor refuses without any setting up.
const (
	CredentialExpired   = "expired"
	CredentialForbidden = "forbidden"
)

// authorize refuses the test credentials, and those that are not among the
// exact ones if there are any. Whether one has to be shown at all, and how it
// has to look, is left to the adapter.
func (d *Double) authorize(v rest.Vendor, r *http.Request) error {
	shown := v.Credential(r)
	switch {
	case shown == CredentialExpired:
		return refusal(v, rest.NameTokenExpired, rest.NameUnauthorized, rest.NameForbidden)
	case shown == CredentialForbidden:
		return refusal(v, rest.NameForbidden, rest.NameUnauthorized)
	case len(d.opt.Auth) > 0 && shown != "" && !slices.Contains(d.opt.Auth, shown):
		return refusal(v, rest.NameUnauthorized, rest.NameForbidden)
	case len(d.opt.Auth) > 0 && shown == "" && v.Name() == "otlp":
		return refusal(v, rest.NameUnauthorized)
	}
	return nil
}

// refusal is the first error that the vendor has of these names; a vendor
// without any knows no credentials.
func refusal(v rest.Vendor, names ...string) error {
	known := v.Errors()
	for _, name := range names {
		for _, e := range known {
			if e.Name == name {
				return e.Err
			}
		}
	}
	return nil
}
