// Package head holds the newest rows of a workspace in memory: columns that
// OTLP requests are decoded straight into, queryable at once, and sealed into
// a segment later.
//
// # The columns
//
// Every row has a place in plain slices (times, ids) and a code in a few more
// (its trace, resource, scope, name, and its outcome: kind, status and the like
// taken together). An attribute key and type is a column of its own: a
// dictionary of distinct values, and a pair of row and code for each row that
// has the key. Past a number of columns, and for a key that a span repeats, an
// attribute goes to the list of rare ones. Events and links stay the messages
// that they were sent as, and are read when somebody asks for them.
//
// # Writing and reading at once
//
// All these slices only grow. Publish takes their headers, cut to the rows that
// are published, into a Snapshot; what the writer appends behind them, nobody
// reads, and where a slice moved, the snapshot keeps the old one. Three things
// change in place under a reader's eyes, by atomic stores: the cells of hash
// tables and the links from a trace's row to its next. A reader that finds
// there what is newer than its snapshot passes over it.
//
// So a Snapshot is never waited for. The methods of a Head may be called from
// any goroutine; they take turns.
package head

import (
	"hash/maphash"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
)

// DefaultColumns is how many attribute columns a head has at most.
const DefaultColumns = 512

// Options say how a head is built. The zero value is the default.
type Options struct {
	// Columns is how many attribute columns, of a key and a type each, there
	// are at most; 0 means DefaultColumns.
	Columns int
	// BatchRows is the rows of a snapshot's batch, at most index.BatchRows,
	// which 0 means.
	BatchRows int
}

// Head is rows in memory. See the package comment for concurrency.
type Head struct {
	mu    sync.Mutex
	opt   Options
	seeds seeds
	arena arena

	rows    rows
	traces  traces
	seen    slots // rows by trace code and span id
	names   dictionary
	outcome outcomes

	resources sources[span.Resource]
	scopes    sources[span.Scope]

	keys    map[string]*attrKey
	columns []*column
	shapes  [shapes]shape
	rare    column // of encoded key and value; a row may be in it more than once
	events  messages
	links   messages
	shared  shared

	request request
	buf     []byte

	dead      *roaring.Bitmap // published rows; never changed, only replaced
	published int
	bounds    []bound // of the published rows of each batch
	snapshot  atomic.Pointer[Snapshot]
	size      atomic.Int64
	total     atomic.Int64 // rows
}

// rows are the columns that every row has a place in.
type rows struct {
	start    []uint64
	duration []int64
	spanID   []span.SpanID
	parent   []span.SpanID
	trace    []uint32
	resource []uint32
	scope    []uint32
	name     []uint32
	outcome  []uint32
	// next is the row+1 that follows in the trace, or 0. Elements are stored
	// and loaded atomically.
	next []uint32
}

// rowBytes is what one place in each slice of rows takes.
const rowBytes = 8 + 8 + 8 + 8 + 6*4

// seeds make hashes that a sender cannot foresee.
type seeds struct {
	text maphash.Seed
	a, b uint64
}

// bound is the lowest and highest start time of some rows.
type bound struct{ lo, hi uint64 }

// shared is what snapshots decode for each other.
type shared struct {
	events, links listIndex
	rare          rareIndex
	resources     sourceIndexes
	scopes        sourceIndexes
	cached        atomic.Int64 // bytes of codes kept for whole batches
}

// New makes an empty head.
func New(opt Options) *Head {
	if opt.Columns == 0 {
		opt.Columns = DefaultColumns
	}
	if opt.BatchRows == 0 {
		opt.BatchRows = index.BatchRows
	}
	h := &Head{opt: opt, keys: map[string]*attrKey{}}
	h.seeds = seeds{maphash.MakeSeed(), rand.Uint64(), rand.Uint64() | 1}
	h.outcome.init()
	h.resources.init()
	h.scopes.init()
	h.snapshot.Store(h.take(0))
	return h
}

// Rows is the number of rows, published or not, dead ones included.
func (h *Head) Rows() int { return int(h.total.Load()) }

// Bytes is about how much memory the head holds.
func (h *Head) Bytes() int64 { return h.size.Load() + h.shared.cached.Load() }

// Publish makes the rows below n visible to new snapshots. Rows that are
// visible stay so.
func (h *Head) Publish(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n = min(n, len(h.rows.start)); n <= h.published {
		return
	}
	h.extendBounds(n)
	h.published = n
	h.snapshot.Store(h.take(n))
}

// extendBounds takes the rows from published to n into the bounds.
func (h *Head) extendBounds(n int) {
	for row := h.published; row < n; row++ {
		t := h.rows.start[row]
		if b := row / h.opt.BatchRows; b == len(h.bounds) {
			h.bounds = append(h.bounds, bound{t, t})
		} else {
			h.bounds[b] = bound{min(h.bounds[b].lo, t), max(h.bounds[b].hi, t)}
		}
	}
}

// Snapshot is the published live rows as they are now. It costs nothing to
// take, and stays what it is.
func (h *Head) Snapshot() *Snapshot { return h.snapshot.Load() }

// DeleteTrace makes the published rows of a trace dead: snapshots taken from
// now on do not show them, they are not sealed, and the same ids sent again
// are new rows. It returns how many rows it was.
func (h *Head) DeleteTrace(id span.TraceID) (rows int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	code, ok := h.traces.find(&h.seeds, id)
	if !ok {
		return 0
	}
	var gone []uint32
	for row := h.traces.first[code]; int(row) < h.published; {
		if !h.isDead(row) {
			gone = append(gone, row)
		}
		next := h.rows.next[row]
		if next == 0 {
			break
		}
		row = next - 1
	}
	h.traces.ask[code] = true
	if len(gone) == 0 {
		return 0
	}
	dead := roaring.New()
	if h.dead != nil {
		dead = h.dead.Clone()
	}
	dead.AddMany(gone)
	h.dead = dead
	h.snapshot.Store(h.take(h.published))
	return len(gone)
}

func (h *Head) isDead(row uint32) bool { return h.dead != nil && h.dead.Contains(row) }

// measure notes how much memory the head holds, and its rows.
func (h *Head) measure() {
	n := int64(cap(h.rows.start)) * rowBytes
	n += int64(h.arena.size) + 8*int64(cap(h.seen.cells)) + h.traces.size()
	n += h.names.size() + h.outcome.size() + h.rare.size() + h.events.size() + h.links.size()
	n += h.resources.size + h.scopes.size
	for _, c := range h.columns {
		n += c.size()
	}
	h.size.Store(n)
	h.total.Store(int64(len(h.rows.start)))
}
