package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	prefixSize = 8             // Arrow's length before a compressed buffer
	maxRaw     = math.MaxInt32 // bytes of one buffer, uncompressed
	// maxRatio is more than zstd can compress: a block of at most 128 KiB
	// takes at least four bytes. It bounds what a few hostile bytes make us
	// allocate.
	maxRatio = 32768
)

// Options of a Writer. The zero value is the default.
type Options struct {
	// Level is a zstd level, 1 to 22; 0 means 3.
	Level int
}

// A compressor belongs to one Writer, so that what it writes depends on what
// that Writer was given and on nothing else.
type compressor struct{ enc *zstd.Encoder }

func newCompressor(o Options) (*compressor, error) {
	level := o.Level
	if level == 0 {
		level = 3
	}
	enc, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)),
		zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	return &compressor{enc}, nil
}

// pays says whether a compressed form is worth its decompression.
func pays(stored, raw int) bool { return stored <= raw-raw/16 }

// appendBuffer appends raw as a compressed Arrow buffer: nothing for nothing,
// else a length (-1 when stored as it is) and the bytes.
func (c *compressor) appendBuffer(dst, raw []byte) []byte {
	if len(raw) == 0 {
		return dst
	}
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(raw)))
	dst = c.enc.EncodeAll(raw, dst)
	if pays(len(dst)-start-prefixSize, len(raw)) {
		return dst
	}
	dst = binary.LittleEndian.AppendUint64(dst[:start], math.MaxUint64)
	return append(dst, raw...)
}

var decoders = sync.Pool{New: func() any {
	dec, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err) // constant options
	}
	return dec
}}

// decompress returns exactly size bytes or an error, and never allocates more
// than that for them.
func decompress(stored []byte, size int) ([]byte, error) {
	if !plausible(len(stored), size) {
		return nil, fmt.Errorf("%d bytes cannot hold %d", len(stored), size)
	}
	var h zstd.Header
	if err := h.Decode(stored); err != nil {
		return nil, err
	}
	if h.HasFCS && h.FrameContentSize != uint64(size) {
		return nil, fmt.Errorf("frame of %d bytes, want %d", h.FrameContentSize, size)
	}
	dec := decoders.Get().(*zstd.Decoder)
	defer decoders.Put(dec)
	raw, err := dec.DecodeAll(stored, make([]byte, 0, size))
	if err != nil {
		return nil, err
	}
	if len(raw) != size {
		return nil, fmt.Errorf("decompressed to %d bytes, want %d", len(raw), size)
	}
	return raw, nil
}

// plausible says whether stored bytes could decompress to raw ones.
func plausible(stored, raw int) bool {
	return raw >= 0 && raw <= maxRaw && int64(raw) <= int64(stored)*maxRatio
}

// openBuffer undoes appendBuffer. The result shares no memory with stored.
func openBuffer(stored []byte, size int) ([]byte, error) {
	if len(stored) < prefixSize {
		return nil, fmt.Errorf("buffer of %d bytes has no length", len(stored))
	}
	prefix, rest := binary.LittleEndian.Uint64(stored), stored[prefixSize:]
	switch {
	case prefix == math.MaxUint64 && len(rest) == size:
		return bytes.Clone(rest), nil
	case prefix == uint64(size):
		return decompress(rest, size)
	}
	return nil, fmt.Errorf("buffer of length %d, want %d", int64(prefix), size)
}
