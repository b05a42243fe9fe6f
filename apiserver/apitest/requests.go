package apitest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/journal"
)

// Request is a request that the server was sent. Credentials and other secrets
// in it are replaced by "[redacted]".
type Request struct {
	ID        int64 // rises by one from request to request
	Time      time.Time
	Took      time.Duration // zero while the request runs
	RequestID string

	Vendor    string // "otlp" for spans that come in; "" where no route took the request
	Route     string // the route's template, such as /api/v0/traces/{traceId}
	Workspace string // that was asked, "default" for names that nobody created

	Method    string
	Path      string
	Query     url.Values
	Header    http.Header
	Body      string // its beginning, if it is text
	BodyBytes int64  // as far as it was read
	BodyCut   bool   // Body is not all of it

	Status         int // 0 until an answer is begun
	ResponseHeader http.Header
	Response       string // its beginning, if it is text
	ResponseBytes  int64
	ResponseCut    bool

	Faults   []string // the names of those that were applied
	Spans    int      // that were accepted
	Rejected int      // spans
}

// String is the request in one line.
func (r Request) String() string {
	e := journal.Entry(r)
	return e.Line()
}

// Match says which requests are meant: those for which every field holds that
// is set. In a pattern "*" stands for any text.
type Match struct {
	Vendor string            // last9, mackerel, sideseat, truefoundry, lumos or otlp
	Method string            // GET, …
	Route  string            // pattern of the route's template
	Path   string            // pattern of the path
	Status string            // "200", or "4xx" for a hundred of them
	Query  map[string]string // patterns of parameters
	Header map[string]string // patterns of headers
	Body   string            // is part of the body
	JSON   string            // is contained in the body, whatever the order and spelling
	Fault  string            // pattern of the name of a fault that was applied
	After  int64             // only requests with a higher ID
}

func (w *Workspace) match(m Match) journal.Match {
	j := journal.Match{
		Workspace: w.Name, Vendor: m.Vendor, Method: m.Method, Route: m.Route, Path: m.Path, Status: m.Status,
		Query: m.Query, Header: m.Header, Body: m.Body, Fault: m.Fault, After: m.After,
	}
	if strings.TrimSpace(m.JSON) != "" {
		j.JSON = json.RawMessage(m.JSON)
	}
	return j
}

// Requests are those that match, the newest first. A request is among them as
// soon as its client has the answer.
func (w *Workspace) Requests(m Match) []Request {
	w.helper()
	entries, err := w.server.double.Journal().Find(w.match(m), 0)
	w.check(err)
	list := make([]Request, len(entries))
	for i, e := range entries {
		list[i] = Request(e)
	}
	return list
}

// Times is how many requests are wanted.
type Times struct{ times journal.Times }

// Exactly n requests.
func Exactly(n int) Times { return Times{journal.Times{Exactly: &n}} }

// AtLeast n requests.
func AtLeast(n int) Times { return Times{journal.Times{AtLeast: &n}} }

// AtMost n requests.
func AtMost(n int) Times { return Times{journal.Times{AtMost: &n}} }

// Never is no request.
func Never() Times { return Exactly(0) }

// Verify fails the test, which goes on, unless so many requests match. The
// message shows the request that comes nearest and how it differs.
func (w *Workspace) Verify(m Match, times Times) {
	w.helper()
	r, err := w.server.double.Journal().Verify(w.match(m), times.times)
	w.check(err)
	switch {
	case r.OK:
	case w.t == nil:
		panic(r.Message)
	default:
		w.t.Error(r.Message)
	}
}
