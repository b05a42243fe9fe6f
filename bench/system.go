package bench

import "context"

// System is a span store under measurement.
type System interface {
	// Ingest stores a protobuf ExportTraceServiceRequest and returns when the
	// system would acknowledge it. b is not kept.
	Ingest(ctx context.Context, b []byte) error
	// Finish brings the system to rest: all it would do with these spans in
	// the background, or at its leisure, is done on return.
	Finish(ctx context.Context) error
	// Ask answers a question.
	Ask(ctx context.Context, q *Question) (Answer, error)
	// Close ends it; what is in its directory stays.
	Close() error
}

// Peer is a kind of system.
type Peer struct {
	Name    string // a word
	Version string
	// Promise says what Ingest having returned is worth.
	Promise string
	// Open opens a system in a directory that is empty, or that it has left.
	Open func(ctx context.Context, dir string) (System, error)
	// Volatile systems forget everything on Close: they are not asked cold.
	Volatile bool
	// Usage is what a system used outside this process so far: CPU seconds, and
	// its peak of resident memory. nil means that it runs inside.
	Usage func() (cpuSeconds float64, peakBytes int64)
}

// Sizer is a System that knows better than its directory how many bytes it
// takes on disk.
type Sizer interface {
	Size(ctx context.Context) (int64, error)
}
