// Package spanfile reads and writes files of OTLP spans, among them those of
// the OpenTelemetry collector's file exporter:
//
//   - JSON: one ExportTraceServiceRequest (or TracesData, which is the same)
//     after another, a line each or spread over lines;
//   - protobuf: messages of that kind, each with its length before it as four
//     bytes, big-endian; or a single message without a length;
//   - either of these compressed as a whole (gzip, zstd), or message by
//     message with zstd.
//
// Reading finds out by itself which it is. Memory is bounded by MaxMessage.
package spanfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/spanstead/spanstead/engine/otlp"
)

// MaxMessage bounds one message in bytes, after decompression.
const MaxMessage = 128 << 20

// ErrInvalid is wrapped by every error about the contents of a file.
var ErrInvalid = errors.New("invalid file of spans")

var (
	gzipMagic  = []byte{0x1f, 0x8b}
	zstdMagic  = []byte{0x28, 0xb5, 0x2f, 0xfd}
	arrowMagic = []byte("ARROW1")
)

// IsArrow reports whether a file that begins like this is an Arrow file.
func IsArrow(begin []byte) bool { return bytes.HasPrefix(begin, arrowMagic) }

// Read calls fn with every message of a file in protobuf form, which is fn's
// only during the call. It stops at the first error.
func Read(r io.Reader, fn func(request []byte) error) error {
	b := bufio.NewReaderSize(r, 1<<16)
	begin, err := b.Peek(6)
	if err != nil && err != io.EOF {
		return err
	}
	switch {
	case bytes.HasPrefix(begin, gzipMagic):
		z, err := gzip.NewReader(b)
		if err != nil {
			return invalid("%w", err)
		}
		b = bufio.NewReaderSize(z, 1<<16)
	case bytes.HasPrefix(begin, zstdMagic):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxMessage))
		if err != nil {
			return err
		}
		defer z.Close()
		b = bufio.NewReaderSize(z, 1<<16)
	}
	return readPlain(b, fn)
}

func readPlain(b *bufio.Reader, fn func([]byte) error) error {
	first, err := firstByte(b)
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return invalid("%w", err)
	case first == '{':
		return readJSON(b, fn)
	case first == '\n':
		return readWhole(b, fn)
	}
	return readDelimited(b, fn)
}

// firstByte is '{' if that is the first byte after white space of JSON; else
// the very first byte, as it is when that is a newline.
func firstByte(b *bufio.Reader) (byte, error) {
	for n := 1; ; n++ {
		begin, err := b.Peek(n)
		if len(begin) < n {
			if n > 1 && err == io.EOF {
				return begin[0], nil
			}
			return 0, err
		}
		if begin[0] == '\n' {
			return '\n', nil
		}
		switch begin[n-1] {
		case ' ', '\t', '\r', '\n':
		case '{':
			return '{', nil
		default:
			return begin[0], nil
		}
	}
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrInvalid, fmt.Errorf(format, args...))
}

// readWhole reads one message to the end of the file. A newline is the key of
// resource_spans (as a length it would be far over MaxMessage), or white space
// before JSON.
func readWhole(b *bufio.Reader, fn func([]byte) error) error {
	all, err := io.ReadAll(io.LimitReader(b, MaxMessage+1))
	if err != nil {
		return invalid("%w", err)
	}
	if len(all) > MaxMessage {
		return invalid("a message of more than %d bytes", MaxMessage)
	}
	if _, err := otlp.Walk(all, nil); err != nil {
		if rest := bytes.TrimLeft(all, " \t\r\n"); len(rest) > 0 && rest[0] == '{' {
			return readJSON(bytes.NewReader(all), fn)
		}
		return invalid("%w", err)
	}
	return fn(all)
}

// quota stops a reader that has given more than it was allowed to.
type quota struct {
	r    io.Reader
	left int
}

var errQuota = fmt.Errorf("a message of more than %d bytes", MaxMessage)

func (q *quota) Read(p []byte) (int, error) {
	if q.left <= 0 {
		return 0, errQuota
	}
	n, err := q.r.Read(p)
	q.left -= n
	return n, err
}

func readJSON(b io.Reader, fn func([]byte) error) error {
	q := &quota{r: b}
	d := json.NewDecoder(q)
	var raw json.RawMessage
	var request []byte
	for n := 1; ; n++ {
		q.left = MaxMessage
		at := d.InputOffset()
		err := d.Decode(&raw)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			request, err = otlp.JSONToProto(request[:0], raw)
		}
		if err != nil {
			return invalid("message %d at byte %d: %w", n, at, err)
		}
		if err := fn(request); err != nil {
			return err
		}
	}
}

// readDelimited reads messages with their lengths.
func readDelimited(b *bufio.Reader, fn func([]byte) error) error {
	var message bytes.Buffer
	var u unpacker
	defer u.close()
	at := int64(0)
	for n := 1; ; n++ {
		var head [4]byte
		if _, err := io.ReadFull(b, head[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return invalid("message %d at byte %d: %w", n, at, err)
		}
		size := binary.BigEndian.Uint32(head[:])
		if size > MaxMessage {
			return invalid("message %d at byte %d: %d bytes", n, at, size)
		}
		message.Reset()
		if _, err := io.CopyN(&message, b, int64(size)); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return invalid("message %d at byte %d: %w", n, at, err)
		}
		request, err := u.unpack(message.Bytes())
		if err != nil {
			return invalid("message %d at byte %d: %w", n, at, err)
		}
		if err := fn(request); err != nil {
			return err
		}
		at += 4 + int64(size)
	}
}

// unpacker undoes what the collector may have done to a message.
type unpacker struct {
	zstd    *zstd.Decoder
	raw     []byte
	request []byte
}

func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
	}
}

func (u *unpacker) unpack(b []byte) (_ []byte, err error) {
	if bytes.HasPrefix(b, zstdMagic) {
		if u.zstd == nil {
			if u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxMessage)); err != nil {
				return nil, err
			}
		}
		if u.raw, err = u.zstd.DecodeAll(b, u.raw[:0]); err != nil {
			return nil, err
		}
		b = u.raw
	}
	if len(b) > 0 && b[0] == '{' {
		u.request, err = otlp.JSONToProto(u.request[:0], b)
		return u.request, err
	}
	return b, nil
}
