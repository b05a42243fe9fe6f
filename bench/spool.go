package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/fixtures"
)

// Workload says which spans are made.
type Workload struct {
	Spans int    // about how many; traces are whole
	Batch int    // about how many in a request
	Seed  uint64 // of package fixtures
	Day   int    // days after the first of January 2026 on which they start
}

func (w Workload) start() time.Time { return time.Date(2026, 1, 1+w.Day, 0, 0, 0, 0, time.UTC) }

// Spool is a workload as a file of export requests, each after its length.
type Spool struct {
	Workload
	Requests  int
	Made      int   // spans
	Bytes     int64 // of the requests
	ZstdBytes int64 // of all requests as one stream at zstd level 3; zero if not asked for
	path      string
}

// WriteSpool makes the workload once and writes it to path. see, if not nil, is
// called with every request's spans. compressed asks for ZstdBytes.
func WriteSpool(ctx context.Context, path string, w Workload, compressed bool, see func([]*span.Span)) (s *Spool, err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, 1<<20)
	s = &Spool{Workload: w, path: path}
	squeeze, err := s.compressor(compressed)
	if err != nil {
		return nil, err
	}
	batches := fixtures.Workload(fixtures.Options{Seed: w.Seed, Spans: w.Spans, Start: w.start()}).Batches(w.Batch)
	var b, length []byte
	for {
		spans, ok := batches.Next()
		if !ok {
			return s, errors.Join(squeeze.Close(), out.Flush())
		}
		if see != nil {
			see(spans)
		}
		b = otlp.AppendRequest(b[:0], spans)
		length = binary.AppendUvarint(length[:0], uint64(len(b)))
		out.Write(length) // errors stay with out
		if _, err := out.Write(b); err != nil {
			return nil, err
		}
		if _, err := squeeze.Write(b); err != nil {
			return nil, err
		}
		s.Requests, s.Made, s.Bytes = s.Requests+1, s.Made+len(spans), s.Bytes+int64(len(b))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// compressor counts into ZstdBytes what it is given, or takes it for nothing.
func (s *Spool) compressor(compressed bool) (io.WriteCloser, error) {
	if !compressed {
		return discard{}, nil
	}
	return zstd.NewWriter((*counter)(&s.ZstdBytes), zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(3)), zstd.WithEncoderConcurrency(1))
}

type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Close() error                { return nil }

// Each calls fn with every request in order. The bytes are reused.
func (s *Spool) Each(fn func([]byte) error) (err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	in := bufio.NewReaderSize(f, 1<<20)
	var b []byte
	for n := range s.Requests {
		size, err := binary.ReadUvarint(in)
		if err != nil || size > uint64(s.Bytes) {
			return fmt.Errorf("%s: request %d of %d bytes: %w", s.path, n, size, errors.Join(err, io.ErrUnexpectedEOF))
		}
		if uint64(cap(b)) < size {
			b = make([]byte, size)
		}
		b = b[:size]
		if _, err := io.ReadFull(in, b); err != nil {
			return fmt.Errorf("%s: request %d: %w", s.path, n, err)
		}
		if err := fn(b); err != nil {
			return err
		}
	}
	return nil
}
