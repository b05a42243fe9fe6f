package segment

import (
	"errors"
	"fmt"
	"io"
)

var (
	// ErrCorrupt is wrapped by every error that means: these bytes are not
	// what was written.
	ErrCorrupt = errors.New("segment corrupt")

	// ErrVersion is wrapped when the file is sound but of a format version
	// that this package does not read.
	ErrVersion = errors.New("unsupported segment version")

	// ErrNoSection is wrapped when a section is asked for that is not there.
	ErrNoSection = errors.New("no such section")
)

// A CorruptError says where a file is wrong. It wraps ErrCorrupt.
type CorruptError struct {
	Segment uint64 // 0 when even that could not be read
	Offset  int64  // of the block, from the start of the file
	What    string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("segment %06d: at %d: %s", e.Segment, e.Offset, e.What)
}

func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// readError tells bytes that are missing from bytes that cannot be had.
func readError(segment uint64, offset int64, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &CorruptError{Segment: segment, Offset: offset, What: "file is truncated"}
	}
	return fmt.Errorf("segment %06d: read at %d: %w", segment, offset, err)
}
