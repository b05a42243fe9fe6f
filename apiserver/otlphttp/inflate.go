package otlphttp

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// maxEncodings bounds how many encodings may be stacked.
const maxEncodings = 4

// maxWindow is the largest window that zstd may use as a content encoding (RFC 9659).
const maxWindow = 8 << 20

// inflate undoes the content encodings of a request, the last one first. Every
// layer's bytes are counted against the limit, so that none can be a bomb for
// the next. closeAll returns the decoders to their pools.
func inflate(r *http.Request, max int64) (in io.Reader, closeAll func(), err error) {
	var closers []func()
	closeAll = func() {
		for _, c := range slices.Backward(closers) {
			c()
		}
	}
	in = limit(r.Body, max)
	encodings, err := encodingsOf(r.Header)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range slices.Backward(encodings) {
		decoder, release, err := open(e, in)
		if err != nil {
			closeAll()
			return nil, nil, readError(err, 0)
		}
		closers = append(closers, release)
		in = limit(decoder, max)
	}
	return in, closeAll, nil
}

// encodingsOf lists the encodings in the order in which they were applied.
func encodingsOf(h http.Header) ([]string, error) {
	var encodings []string
	for name := range strings.SplitSeq(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "", "identity":
		case "gzip", "x-gzip":
			encodings = append(encodings, "gzip")
		case "zstd":
			encodings = append(encodings, "zstd")
		default:
			return nil, rest.Errorf(http.StatusUnsupportedMediaType, "content encoding %.40q: want gzip or zstd", name)
		}
	}
	if len(encodings) > maxEncodings {
		return nil, rest.Errorf(http.StatusUnsupportedMediaType, "%d content encodings, at most %d", len(encodings), maxEncodings)
	}
	return encodings, nil
}

var (
	gzipReaders sync.Pool
	zstdReaders sync.Pool
)

func open(encoding string, in io.Reader) (io.Reader, func(), error) {
	if encoding == "zstd" {
		return openZstd(in)
	}
	z, ok := gzipReaders.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	if err := z.Reset(in); err != nil {
		gzipReaders.Put(z)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, nil, err
	}
	return z, func() { gzipReaders.Put(z) }, nil
}

func openZstd(in io.Reader) (io.Reader, func(), error) {
	z, ok := zstdReaders.Get().(*zstd.Decoder)
	if !ok {
		var err error
		z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, nil, err
		}
	}
	if err := z.Reset(in); err != nil {
		return nil, nil, err
	}
	return z, func() {
		if z.Reset(nil) == nil { // lets go of the request's body
			zstdReaders.Put(z)
		}
	}, nil
}
