package engine

import (
	"log/slog"
	"time"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/engine/plan"
)

// Sync says when the log is synced.
type Sync uint8

const (
	// SyncAlways syncs before every acknowledgement: nothing acknowledged is
	// lost when power fails.
	SyncAlways Sync = iota
	// SyncInterval syncs once every Options.SyncInterval: power failing loses
	// what was acknowledged since. A killed process loses nothing.
	SyncInterval
	// SyncNever leaves it to the operating system: power failing loses any
	// amount that is not yet sealed. A killed process loses nothing.
	SyncNever
)

func (s Sync) policy() wal.Policy {
	switch s {
	case SyncInterval:
		return wal.SyncInterval
	case SyncNever:
		return wal.SyncNever
	}
	return wal.SyncAlways
}

// Options configure a Store. The zero value keeps everything in memory.
type Options struct {
	// Dir is the data directory, made if it is not there. "" means memory.
	Dir string
	// Sync says when the log is synced; it has no effect in memory.
	Sync         Sync
	SyncInterval time.Duration // 0 means 100 ms

	// A head is sealed when it reaches any of these. Up to three heads are in
	// memory at a time, and what sealing or merging needs; spans that arrive
	// faster wait. Zero means the default; SealAge below zero means never.
	SealRows  int           // default 65,536
	SealBytes int64         // default 64 MiB
	SealAge   time.Duration // default 10 minutes, checked when spans arrive

	// MergeRows bounds the rows of a segment that merging makes; default
	// 524,288. MergeFactor neighbours are merged at a time; default 4.
	MergeRows   int
	MergeFactor int

	CacheBytes int64 // of decoded columns, default 256 MiB
	BatchRows  int   // rows of a record batch, default 65,536; a format constant but for tests
	Columns    int   // attribute columns of a segment, default 512

	// Inline seals and merges before the Append that caused it returns, for
	// tests that need every step in order.
	Inline bool
	// NoIndex answers questions from columns alone.
	NoIndex bool
	// Explain, if not nil, is told what every question cost in every part.
	Explain func(plan.Stats)

	Now func() time.Time // default time.Now
	Log *slog.Logger     // default slog.Default

	disk disk.FS // instead of Dir, in tests
	salt uint64  // of the logs, in tests
}

func (o *Options) setDefaults() {
	setDefault(&o.SyncInterval, 100*time.Millisecond)
	setDefault(&o.SealRows, 1<<16)
	setDefault(&o.SealBytes, 64<<20)
	setDefault(&o.SealAge, 10*time.Minute)
	setDefault(&o.MergeRows, 1<<19)
	setDefault(&o.MergeFactor, 4)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

func setDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

func (o *Options) wal() wal.Options {
	w := wal.Options{Policy: o.Sync.policy(), Interval: o.SyncInterval, Salt: o.salt}
	if o.Dir == "" && o.disk == nil {
		w.Policy = wal.SyncNever
	}
	return w
}

func (o *Options) plan() plan.Options {
	return plan.Options{NoIndex: o.NoIndex, Explain: o.Explain}
}
