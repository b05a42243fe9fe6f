package apitest

import (
	"maps"
	"net/http"
	"strings"
)

// Last9 is what a client of Last9 is given to reach a workspace.
type Last9 struct {
	BaseURL      string // …/api/v4/organizations/{Organization}
	Organization string
	Region       string
	Token        string // goes into X-LAST9-API-TOKEN, after "Bearer "
	RefreshToken string // for the token exchange
}

// Mackerel is what a client of Mackerel is given to reach a workspace.
type Mackerel struct {
	BaseURL string
	APIKey  string // goes into X-Api-Key
}

// SideSeat is what a client of SideSeat is given to reach a workspace. It
// needs no credentials.
type SideSeat struct {
	BaseURL string // …/api/v1/project/{Project}/otel
	Project string
}

// TrueFoundry is what a client of TrueFoundry is given to reach a workspace.
type TrueFoundry struct {
	BaseURL           string
	Token             string // goes into Authorization, after "Bearer "
	TracingProjectFQN string
}

// Lumos is what a client of Lumos is given to reach a workspace.
type Lumos struct {
	BaseURL string
	Token   string // goes into Authorization, after "Bearer "
}

// OTLP is what an exporter is given to reach a workspace.
type OTLP struct {
	Endpoint string            // of HTTP: http://host:port
	Host     string            // the same as host:port
	URL      string            // with the path for traces
	GRPC     string            // host:port, "" without a listener
	Headers  map[string]string // also the metadata of gRPC
}

// Last9 is how to reach the workspace through Last9's API.
func (w *Workspace) Last9() Last9 {
	a := w.access("last9")
	return Last9{a.BaseURL, a.Params["organization"], a.Params["region"], w.Name, a.Params["refreshToken"]}
}

// Mackerel is how to reach the workspace through Mackerel's API.
func (w *Workspace) Mackerel() Mackerel {
	a := w.access("mackerel")
	return Mackerel{a.BaseURL, a.Params["apiKey"]}
}

// SideSeat is how to reach the workspace through SideSeat's API.
func (w *Workspace) SideSeat() SideSeat {
	a := w.access("sideseat")
	return SideSeat{a.BaseURL, a.Params["project"]}
}

// TrueFoundry is how to reach the workspace through TrueFoundry's API.
func (w *Workspace) TrueFoundry() TrueFoundry {
	a := w.access("truefoundry")
	return TrueFoundry{a.BaseURL, a.Params["token"], a.Params["tracingProjectFqn"]}
}

// Lumos is how to reach the workspace through Lumos's API.
func (w *Workspace) Lumos() Lumos {
	a := w.access("lumos")
	return Lumos{a.BaseURL, a.Params["token"]}
}

// OTLP is how exporters reach the workspace.
func (w *Workspace) OTLP() OTLP {
	a := w.access("otlp")
	_, host, _ := strings.Cut(w.server.URL, "://")
	return OTLP{w.server.URL, host, a.BaseURL, w.server.GRPC, maps.Clone(a.Header)}
}

// Header is the credentials of a vendor ("last9", "mackerel", …, "otlp") for
// the workspace, to be set on requests made by hand.
func (w *Workspace) Header(vendor string) http.Header {
	h := http.Header{}
	for name, value := range w.access(vendor).Header {
		h.Set(name, value)
	}
	return h
}
