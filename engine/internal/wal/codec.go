package wal

import (
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// Codec is how a payload is stored.
type Codec uint8

// The codecs; the numbers are those in the file.
const (
	Raw  Codec = 1
	S2   Codec = 2 // an S2 block: little time
	Zstd Codec = 3 // a zstd frame: smaller
)

// worthCompressing is the payload size below which a codec cannot gain much.
const worthCompressing = 64

// Encoded is a payload ready to be appended, once.
type Encoded struct {
	kind    Kind
	codec   Codec // 0 after Append
	length  int
	payload []byte
	crc     uint32
	pooled  *[]byte // payload's memory, where it is ours
}

// Encode compresses and checksums a payload; it is safe for concurrent use and
// takes no lock. The payload must stay unchanged until Append.
func (w *Writer) Encode(kind Kind, payload []byte) (*Encoded, error) {
	if kind == KindMark {
		return nil, fmt.Errorf("log %d: kind %d is reserved", w.file.id, kind)
	}
	if len(payload) > MaxPayload {
		return nil, fmt.Errorf("log %d: %d bytes: %w", w.file.id, len(payload), ErrTooLarge)
	}
	e := &Encoded{kind: kind, codec: Raw, length: len(payload), payload: payload}
	if w.codec != Raw && len(payload) >= worthCompressing {
		w.compress(e)
	}
	e.crc = crc32.Checksum(e.payload, castagnoli)
	return e, nil
}

// compress replaces the payload if that makes it smaller.
func (w *Writer) compress(e *Encoded) {
	buf, _ := w.pool.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	var out []byte
	if w.codec == Zstd {
		out = w.zstd.EncodeAll(e.payload, (*buf)[:0])
	} else {
		out = s2.Encode((*buf)[:cap(*buf)], e.payload)
	}
	if cap(out) > cap(*buf) {
		*buf = out
	}
	if len(out) >= len(e.payload) {
		w.release(buf)
		return
	}
	e.codec, e.payload, e.pooled = w.codec, out, buf
}

// release keeps a buffer for the next Encode, unless it is unusually large.
func (w *Writer) release(buf *[]byte) {
	if buf != nil && cap(*buf) <= keepBuffer {
		w.pool.Put(buf)
	}
}

func newZstdEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false))
}

// decoder decompresses payloads into memory that it reuses.
type decoder struct {
	buf  []byte
	zstd func() (*zstd.Decoder, error)
}

func newDecoder() *decoder {
	return &decoder{zstd: sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
			zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(MaxPayload))
	})}
}

// decode returns the payload of a record whose checksums hold. The result is
// valid until the next call, and never longer than the header says.
func (d *decoder) decode(h recordHeader, stored []byte) ([]byte, error) {
	if h.codec == Raw {
		return stored, nil
	}
	length := int(h.length)
	if h.codec == S2 {
		if n, err := s2.DecodedLen(stored); err != nil || n != length {
			return nil, fmt.Errorf("s2 block of %d bytes instead of %d", n, length)
		}
	}
	if cap(d.buf) < length {
		d.buf = make([]byte, length)
	}
	// The capacity limits zstd, which may otherwise append more.
	out := d.buf[:length:length]
	var err error
	if h.codec == S2 {
		out, err = s2.Decode(out, stored)
	} else {
		out, err = d.unzstd(stored, out[:0])
	}
	if err == nil && len(out) != length {
		err = fmt.Errorf("%d bytes instead of %d", len(out), length)
	}
	return out, err
}

func (d *decoder) unzstd(stored, out []byte) ([]byte, error) {
	z, err := d.zstd()
	if err != nil {
		return nil, err
	}
	return z.DecodeAll(stored, out)
}
