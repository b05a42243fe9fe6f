// Package journal remembers the requests that a server was sent, so that a
// test can ask what was really asked.
//
// Each workspace has a ring of its own, bounded in requests and bytes: a busy
// test does not push out what a quiet one did. A request is there from before
// its answer is begun, so that a client that has its answer finds it. Secrets
// are taken out before anything is kept. A Journal is safe for concurrent use.
package journal

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/match"
)

// Entry is one request. What is kept of headers and bodies holds no secrets.
type Entry struct {
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

// Options bound a Journal.
type Options struct {
	Entries int   // of a workspace; 0 means 1000, below zero none are kept
	Bytes   int64 // of a workspace's bodies and headers; 0 means 16 MiB
	Body    int   // bytes kept of one body; 0 means 256 KiB
}

// Journal keeps the newest requests.
type Journal struct {
	opt Options

	mu    sync.Mutex
	last  int64
	rings map[string]*ring
}

// ring is a workspace's requests, oldest first.
type ring struct {
	entries []*Open
	bytes   int64
}

// New makes an empty journal.
func New(opt Options) *Journal {
	if opt.Entries == 0 {
		opt.Entries = 1000
	}
	if opt.Bytes == 0 {
		opt.Bytes = 16 << 20
	}
	if opt.Body == 0 {
		opt.Body = 256 << 10
	}
	return &Journal{opt: opt, rings: map[string]*ring{}}
}

// MaxBody is how much of a body is worth handing in.
func (j *Journal) MaxBody() int { return j.opt.Body }

// Open is a request whose answer is not yet complete. A nil Open drops what it
// is told.
type Open struct {
	journal *Journal
	entry   Entry
	bytes   int64
	text    bool   // what is answered is text
	answer  []byte // as it is, until the end
	gone    bool   // pushed out or forgotten
}

// Begin takes a request in, with its secrets still in it, and gives it its
// number.
func (j *Journal) Begin(e Entry) *Open {
	if j.opt.Entries < 0 {
		return nil
	}
	redact(&e)
	if len(e.Body) > j.opt.Body {
		e.Body, e.BodyCut = e.Body[:j.opt.Body], true
	}
	o := &Open{journal: j, entry: e}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	o.entry.ID = j.last
	r := j.rings[e.Workspace]
	if r == nil {
		r = &ring{}
		j.rings[e.Workspace] = r
	}
	r.entries = append(r.entries, o)
	j.grow(r, o, size(&e))
	return o
}

// size is about what an entry takes.
func size(e *Entry) int64 {
	n := 500 + len(e.Path) + len(e.Body)
	for _, m := range []map[string][]string{e.Query, e.Header} {
		for name, values := range m {
			n += len(name)
			for _, v := range values {
				n += len(v) + 16
			}
		}
	}
	return int64(n)
}

// grow counts n more bytes of an entry, and pushes old entries out for them.
// The newest entry stays, however big.
func (j *Journal) grow(r *ring, o *Open, n int64) {
	o.bytes += n
	r.bytes += n
	drop := 0
	for len(r.entries)-drop > 1 && (len(r.entries)-drop > j.opt.Entries || r.bytes > j.opt.Bytes) {
		r.bytes -= r.entries[drop].bytes
		r.entries[drop].gone = true
		r.entries[drop] = nil
		drop++
	}
	r.entries = r.entries[drop:]
}

// change does something to the entry under the lock.
func (o *Open) change(fn func(e *Entry)) {
	if o == nil {
		return
	}
	o.journal.mu.Lock()
	defer o.journal.mu.Unlock()
	fn(&o.entry)
}

// Answer notes the status; only the first one counts.
func (o *Open) Answer(status int, header http.Header) {
	o.change(func(e *Entry) {
		if e.Status == 0 {
			e.Status, e.ResponseHeader = status, redactHeader(header)
			o.text = isText(header)
		}
	})
}

// Wrote notes a part of what was answered.
func (o *Open) Wrote(b []byte) {
	o.change(func(e *Entry) {
		e.ResponseBytes += int64(len(b))
		if !o.text {
			return
		}
		if room := o.journal.opt.Body - len(o.answer); len(b) > room {
			b, e.ResponseCut = b[:room], true
		}
		o.answer = append(o.answer, b...)
		if r := o.journal.rings[e.Workspace]; r != nil && !o.gone {
			o.journal.grow(r, o, int64(len(b)))
		}
	})
}

// Fault notes that a fault was applied.
func (o *Open) Fault(name string) { o.change(func(e *Entry) { e.Faults = append(e.Faults, name) }) }

// Spans notes spans that came in.
func (o *Open) Spans(accepted, rejected int) {
	o.change(func(e *Entry) { e.Spans, e.Rejected = e.Spans+accepted, e.Rejected+rejected })
}

// End notes how much of the body was read and how long it all took.
func (o *Open) End(read int64, took time.Duration) {
	o.change(func(e *Entry) { e.BodyBytes, e.Took = read, max(took, 1) })
}

// ID is the entry's number, 0 for none.
func (o *Open) ID() int64 {
	if o == nil {
		return 0
	}
	return o.entry.ID
}

// seen is an entry as it was at one moment, but for its response.
type seen struct {
	Entry
	open *Open
}

// whole is the entry with its response.
func (s *seen) whole() Entry {
	s.open.journal.mu.Lock()
	text := string(s.open.answer)
	s.open.journal.mu.Unlock()
	s.Response = redactText(text)
	return s.Entry
}

// Forget drops a workspace's requests; "" means all.
func (j *Journal) Forget(workspace string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for name, r := range j.rings {
		if workspace != "" && name != workspace {
			continue
		}
		for _, o := range r.entries {
			o.gone = true
		}
		delete(j.rings, name)
	}
}

// all is every entry of the workspaces that the pattern names, of all for "",
// newest first.
func (j *Journal) all(workspace string) []seen {
	j.mu.Lock()
	defer j.mu.Unlock()
	var entries []seen
	for name, r := range j.rings {
		if workspace == "" || match.Glob(workspace, name) {
			for _, o := range r.entries {
				e := o.entry
				e.Faults = slices.Clone(e.Faults)
				entries = append(entries, seen{e, o})
			}
		}
	}
	slices.SortFunc(entries, func(a, b seen) int { return cmp.Compare(b.ID, a.ID) })
	return entries
}

// Size is how many requests are kept.
func (j *Journal) Size() (entries int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.rings {
		entries += len(r.entries)
	}
	return entries
}
