package otlphttp

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// budget is a number of bytes that the requests of one moment share.
type budget struct{ free atomic.Int64 }

func (b *budget) take(n int64) bool {
	if b.free.Add(-n) < 0 {
		b.free.Add(n)
		return false
	}
	return true
}

// body is a request's inflated bytes, in a pooled buffer, and what it took
// from the budget.
type body struct {
	data  []byte
	taken int64
}

const firstRead = 64 << 10

// errBusy says that the bytes in flight are as many as may be.
var errBusy = errors.New("too many bytes in flight, try again")

// readBody reads and inflates the whole body, of at most so many bytes. What it returns is to be given
// to release, with an error too.
func (v *Receiver) readBody(r *http.Request, most int64) (body, error) {
	var b body
	if r.ContentLength > most {
		return b, tooLarge(most)
	}
	in, closeAll, err := inflate(r, most)
	if err != nil {
		return b, err
	}
	defer closeAll()
	size := int64(firstRead)
	if r.ContentLength >= size {
		size = r.ContentLength + 1
	}
	for {
		if len(b.data) == cap(b.data) {
			if err := v.grow(&b, min(size, most+1)); err != nil {
				return b, err
			}
			size = 2 * int64(cap(b.data))
		}
		n, err := in.Read(b.data[len(b.data):cap(b.data)])
		b.data = b.data[:len(b.data)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, readError(err, len(b.data))
		}
	}
}

// grow gives the body room for size bytes, if the budget has them.
func (v *Receiver) grow(b *body, size int64) error {
	size = roomFor(size)
	if !v.budget.take(size - b.taken) {
		return errBusy
	}
	b.taken = size
	old := b.data
	b.data = append(bufferOf(size), old...)
	recycle(old)
	return nil
}

// release gives back what a body took. Its bytes are not to be used any more.
func (v *Receiver) release(b body) {
	v.budget.free.Add(b.taken)
	recycle(b.data)
}

func tooLarge(limit int64) error {
	return rest.Errorf(http.StatusRequestEntityTooLarge, "request is larger than %d bytes after decompression", limit)
}

func readError(err error, read int) error {
	var known *rest.Error
	if errors.As(err, &known) {
		return known
	}
	return rest.Errorf(http.StatusBadRequest, "request body breaks off after %d bytes: %v", read, err)
}

// limited is a reader that fails once it has given more than its limit.
type limited struct {
	in          io.Reader
	left, limit int64
}

func limit(in io.Reader, n int64) *limited { return &limited{in, n, n} }

// Read reads at most one byte past the limit, and then fails.
func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.in.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, tooLarge(l.limit)
	}
	return n, err
}
