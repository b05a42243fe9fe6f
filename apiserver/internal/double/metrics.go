package double

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spanstead/spanstead/engine/query"
)

// buckets are the upper bounds of the histogram of times, in seconds.
var buckets = [...]float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// series names one line of the requests. Its values are the routes' own, so
// that no client makes more of them.
type series struct {
	vendor, route string
	status        int
}

type times struct {
	counts [len(buckets) + 1]uint64
	sum    float64
	n      uint64
}

// metrics counts since the start; a reset does not touch it.
type metrics struct {
	mu                 sync.Mutex
	requests           map[series]uint64
	took               map[string]*times // by vendor
	accepted, rejected uint64
	faults             uint64
}

func newMetrics() *metrics {
	return &metrics{requests: map[series]uint64{}, took: map[string]*times{}}
}

func (m *metrics) request(vendor, route string, status int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[series{vendor, route, status}]++
	t := m.took[vendor]
	if t == nil {
		t = &times{}
		m.took[vendor] = t
	}
	i, _ := slices.BinarySearch(buckets[:], took.Seconds())
	t.counts[i]++
	t.sum += took.Seconds()
	t.n++
}

func (m *metrics) spans(accepted, rejected int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.accepted += uint64(accepted)
	m.rejected += uint64(rejected)
}

func (m *metrics) faulted(n int) {
	if n == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults += uint64(n)
}

// exposition writes the text format of Prometheus.
type exposition struct{ bytes.Buffer }

func (x *exposition) family(name, kind, help string) {
	fmt.Fprintf(x, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// label is a label's value as the format wants it.
func label(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}

// Metrics is the server's state in the text format of Prometheus.
func (d *Double) Metrics(ctx context.Context) []byte {
	var x exposition
	d.metrics.write(&x)
	single := func(name, kind, help string, value int) {
		x.family(name, kind, help)
		fmt.Fprintf(&x, "%s %d\n", name, value)
	}
	names, err := d.opt.Store.ListWorkspaces(ctx)
	spans := 0
	for _, name := range names {
		n, cerr := d.opt.Store.Count(ctx, name, query.Count{})
		spans, err = spans+n, cmp.Or(err, cerr)
	}
	up := 1
	if err != nil {
		up = 0
	}
	single("spanstead_store_up", "gauge", "Whether the store could be asked for this answer.", up)
	single("spanstead_workspaces", "gauge", "Workspaces.", len(names))
	single("spanstead_spans", "gauge", "Spans in all workspaces.", spans)
	single("spanstead_journal_requests", "gauge", "Requests in the journal.", d.journal.Size())
	single("spanstead_faults", "gauge", "Faults that are set.", len(d.faults.List()))
	single("go_goroutines", "gauge", "Goroutines.", runtime.NumGoroutine())
	return x.Bytes()
}

func (m *metrics) write(x *exposition) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x.family("spanstead_requests_total", "counter", "Requests by vendor, route and status; status 0 is a connection that was cut.")
	lines := slices.SortedFunc(maps.Keys(m.requests), func(a, b series) int {
		return cmp.Or(strings.Compare(a.vendor, b.vendor), strings.Compare(a.route, b.route), cmp.Compare(a.status, b.status))
	})
	for _, s := range lines {
		fmt.Fprintf(x, "spanstead_requests_total{vendor=%s,route=%s,status=\"%d\"} %d\n", label(s.vendor), label(s.route), s.status, m.requests[s])
	}
	x.family("spanstead_request_duration_seconds", "histogram", "Time from a request's head to the end of its answer.")
	for _, vendor := range slices.Sorted(maps.Keys(m.took)) {
		m.took[vendor].write(x, label(vendor))
	}
	x.family("spanstead_received_spans_total", "counter", "Spans that came in, by outcome.")
	fmt.Fprintf(x, "spanstead_received_spans_total{outcome=\"accepted\"} %d\n", m.accepted)
	fmt.Fprintf(x, "spanstead_received_spans_total{outcome=\"rejected\"} %d\n", m.rejected)
	x.family("spanstead_faults_applied_total", "counter", "Faults that happened to requests.")
	fmt.Fprintf(x, "spanstead_faults_applied_total %d\n", m.faults)
}

func (t *times) write(x *exposition, vendor string) {
	const name = "spanstead_request_duration_seconds"
	n := uint64(0)
	for i, bound := range buckets {
		n += t.counts[i]
		fmt.Fprintf(x, "%s_bucket{vendor=%s,le=\"%v\"} %d\n", name, vendor, bound, n)
	}
	fmt.Fprintf(x, "%s_bucket{vendor=%s,le=\"+Inf\"} %d\n", name, vendor, t.n)
	fmt.Fprintf(x, "%s_sum{vendor=%s} %v\n%s_count{vendor=%s} %d\n", name, vendor, t.sum, name, vendor, t.n)
}
