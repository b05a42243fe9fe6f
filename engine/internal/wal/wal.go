// Package wal is the store's log: one file per generation of the head, records
// appended in order, each whole or not there at all.
//
// A [Writer] shares syncs between callers (group commit). Encode compresses a
// payload and needs no order; Append gives the record its place and only copies
// it to memory; Commit returns when the record is as durable as the [Policy]
// says. No goroutine stands between Append and Commit: the first committer that
// finds the file free writes and syncs what everyone has appended so far, and
// the others wait for it. A caller that needs its own state in the order of the
// log calls Append under its own lock, and Encode and Commit outside it.
//
// Each record carries the offset up to which the file was known to be synced
// when the record was written. That tells damage from a torn tail: bytes that a
// later record claims as synced must be readable, and [Replay] fails with
// [ErrCorrupt] when they are not. A bad record that nothing claims was never
// acknowledged under SyncAlways (or is the damaged end of the last group, which
// nothing can tell apart), and it is cut with what follows it.
//
// FORMAT.md describes the bytes.
package wal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrCorrupt says that bytes which were synced cannot be read back. The
	// error is a *CorruptError.
	ErrCorrupt = errors.New("log is corrupt")

	// ErrVersion says that the file is a log of a format this package does not
	// know.
	ErrVersion = errors.New("unknown log version")

	// ErrFull says that the disk is full. The file is as before; Resume makes
	// the writer usable again.
	ErrFull = errors.New("disk full")

	// ErrBroken says that the state of the file is unknown: a sync failed, or a
	// failed write could not be undone. The writer refuses everything from then
	// on, and the file has to be replayed.
	ErrBroken = errors.New("log is broken until opened again")

	// ErrClosed says that the writer was closed.
	ErrClosed = errors.New("log is closed")

	// ErrTooLarge says that a payload is over MaxPayload.
	ErrTooLarge = errors.New("payload too large for a log record")
)

// CorruptError tells where a log is corrupt. It wraps ErrCorrupt.
type CorruptError struct {
	Log    uint64
	Offset int64 // of the file header or record that is bad
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("log %d: at %d: %s: %v", e.Log, e.Offset, e.Reason, ErrCorrupt)
}

// Unwrap makes errors.Is(err, ErrCorrupt) true.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// Kind is what a record means to the caller; this package does not care.
// KindMark is taken.
type Kind uint8

// KindMark is a record that Close writes so that everything before it is
// claimed as synced. It has no payload, and Replay does not report it.
const KindMark Kind = 255

// MaxPayload is the largest payload of a record in bytes, before compression.
const MaxPayload = 64 << 20

// Policy says what Commit waits for.
type Policy uint8

const (
	// SyncAlways: the record is written and synced. It survives loss of power.
	SyncAlways Policy = iota
	// SyncInterval: the record is written; the file is synced now and then.
	// Loss of power takes what came since; the end of the process takes nothing.
	SyncInterval
	// SyncNever: the record is written; when it is synced is up to the
	// operating system.
	SyncNever
)

// Options of a Writer.
type Options struct {
	Policy Policy

	// Interval is the time between syncs under SyncInterval; 0 means a second.
	Interval time.Duration

	// Ticks replaces the timer of SyncInterval: each value is one sync.
	Ticks <-chan time.Time

	// Codec compresses payloads where that makes them smaller; 0 means S2.
	Codec Codec

	// Salt makes records of this file unlike those of any other; 0 means a
	// random one. A file that exists keeps its own.
	Salt uint64
}

const (
	namePrefix = "log-"
	nameSuffix = ".wal"
	nameDigits = 12
)

// Name is the file name of a log: log-000000000012.wal.
func Name(id uint64) string {
	return fmt.Sprintf("%s%0*d%s", namePrefix, nameDigits, id, nameSuffix)
}

// ParseName is the inverse of Name; false for any other file.
func ParseName(name string) (id uint64, ok bool) {
	digits, ok := strings.CutPrefix(name, namePrefix)
	if !ok {
		return 0, false
	}
	if digits, ok = strings.CutSuffix(digits, nameSuffix); !ok {
		return 0, false
	}
	id, err := strconv.ParseUint(digits, 10, 64)
	return id, err == nil && Name(id) == name
}
