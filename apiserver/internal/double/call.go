package double

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/faults"
	"github.com/spanstead/spanstead/apiserver/internal/journal"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
)

// call is a request that runs. It is used by the goroutine that serves it.
type call struct {
	d       *Double
	started time.Time // by the machine's clock
	body    *countedBody
	begun   bool

	// What follows is set when the call begins, which is when its route is known.
	generation, own uint64
	vendor, route   string
	workspace       string
	open            *journal.Open
	staleFor        time.Duration
	status          int
	cut             bool // the connection was taken away without an answer
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// begin takes note of the request and says what is to happen to it. From here
// on it belongs to one generation.
func (c *call) begin(r *http.Request, v rest.Vendor, route, workspace string, body []byte) faults.Decision {
	d := c.d
	d.mu.RLock()
	defer d.mu.RUnlock()
	c.begun = true
	if v != nil {
		c.vendor = v.Name()
	}
	c.route, c.workspace = route, d.existing(r.Context(), workspace)
	c.generation, c.own = d.generation, d.generations[c.workspace]
	c.open = d.journal.Begin(journal.Entry{
		Time: d.clock.Now(c.workspace), RequestID: rest.RequestID(r.Context()),
		Vendor: c.vendor, Route: route, Workspace: c.workspace,
		Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header, Body: string(body),
		BodyCut: c.body != nil && c.body.more,
	})
	if v == nil {
		return faults.Decision{}
	}
	decision := d.faults.Decide(&faults.Request{
		Vendor: c.vendor, Workspace: c.workspace, Method: r.Method, Route: route, Path: r.URL.Path, Header: r.Header,
	}, func(f *faults.Fault) bool { return applies(f, v, r, body) })
	for _, name := range decision.Names {
		c.open.Fault(name)
	}
	d.metrics.faulted(len(decision.Names))
	c.staleFor = decision.Stale
	return decision
}

// applies leaves out errors of other vendors, and those that the request
// cannot meet.
func applies(f *faults.Fault, v rest.Vendor, r *http.Request, body []byte) bool {
	if f.Then.Error == "" {
		return true
	}
	e := namedError(v, f.Then.Error)
	return e != nil && (e.Applies == nil || e.Applies(r, body))
}

// namedError finds a vendor's error by its whole name; nil if it is not this vendor's.
func namedError(v rest.Vendor, name string) *rest.NamedError {
	vendor, short, _ := strings.Cut(name, ".")
	if vendor != v.Name() {
		return nil
	}
	for _, e := range v.Errors() {
		if e.Name == short {
			return &e
		}
	}
	return nil
}

func (c *call) now() time.Time { return c.d.clock.Now(c.workspace) }

// answered notes the status, of a request for which there is no route too.
func (c *call) answered(r *http.Request, status int, header http.Header) {
	if c.status != 0 || status < 200 {
		return
	}
	if !c.begun {
		c.begin(r, nil, "", store.DefaultWorkspace, c.peek(r))
	}
	c.status = status
	c.open.Answer(status, header)
}

// end completes what is known of the request.
func (c *call) end() {
	took := time.Since(c.started)
	read := int64(0)
	if c.body != nil {
		read = c.body.read
	}
	c.open.End(read, took)
	c.d.metrics.request(c.vendor, c.route, c.status, took)
}

// peek reads the beginning of a body that is text, and puts it back. An error
// comes again when the handler reads that far.
func (c *call) peek(r *http.Request) []byte {
	if c.body == nil || c.body.peeked || !isText(r) {
		return nil
	}
	return c.body.peek(c.d.journal.MaxBody())
}

func isText(r *http.Request) bool {
	t := strings.ToLower(r.Header.Get("Content-Type"))
	return r.Header.Get("Content-Encoding") == "" && !strings.Contains(t, "protobuf") && !strings.Contains(t, "octet-stream")
}

// countedBody counts what is read of a body, and can look ahead.
type countedBody struct {
	io.ReadCloser
	read   int64 // from the connection
	ahead  []byte
	err    error // that looking ahead met
	peeked bool
	more   bool // there is more than was looked at
}

// Read gives out what was looked at first.
func (b *countedBody) Read(p []byte) (int, error) {
	if len(b.ahead) > 0 {
		n := copy(p, b.ahead)
		b.ahead = b.ahead[n:]
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	return n, err
}

func (b *countedBody) peek(limit int) []byte {
	b.peeked = true
	var buf bytes.Buffer
	n, err := buf.ReadFrom(io.LimitReader(b.ReadCloser, int64(limit)+1))
	b.read, b.ahead, b.more = n, buf.Bytes(), n > int64(limit)
	switch {
	case err != nil:
		b.err = err
	case !b.more:
		b.err = io.EOF
	}
	return b.ahead[:min(len(b.ahead), limit)]
}
