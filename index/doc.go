// Package index holds the three structures that answer questions about a
// segment without reading its columns:
//
//   - Postings: the rows of every code of a dictionary-encoded column.
//   - IDs: from a 16-byte id to the code that stands for it in its dictionary.
//   - Histogram: how many spans started in each minute with each duration,
//     for each series (a service, say).
//
// Each is built once into a self-contained block of bytes, the same bytes for
// the same input, and opened from those bytes without copying them. The
// package knows rows and codes as uint32 numbers; it knows nothing of spans,
// columns or files. FORMAT.md describes the bytes.
//
// A reader checks what it reads before it uses it: bytes that no builder wrote
// give an error that wraps ErrCorrupt, not a panic. Opening a block takes memory
// in proportion to its bytes. A few bytes can stand for very many rows, so a
// caller compares Postings.Rows with the rows that its column has before it
// reads any; after that, memory is in proportion to those. Checksums are the
// caller's: a block with a flipped bit may be well-formed and wrong.
//
// Readers hold on to the bytes they were opened from, which must not change
// afterwards. All their methods may be called from several goroutines at once.
package index

import (
	"errors"
	"fmt"
)

// ErrCorrupt is wrapped by every error about bytes that no builder of this
// package could have written.
var ErrCorrupt = errors.New("corrupt index")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}
