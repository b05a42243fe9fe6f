package head

import "unsafe"

// arena keeps bytes in chunks, so that a million short strings are not a
// million allocations. What it returned is never changed.
type arena struct {
	chunk []byte // of which len is taken
	size  int    // bytes of all chunks
}

const (
	firstChunk = 4 << 10
	lastChunk  = 256 << 10
)

func (a *arena) bytes(b []byte) []byte {
	if len(b) > cap(a.chunk)-len(a.chunk) {
		if len(b) >= lastChunk/4 {
			a.size += len(b)
			return append(make([]byte, 0, len(b)), b...)
		}
		n := min(max(2*cap(a.chunk), firstChunk), lastChunk)
		for n < len(b) {
			n *= 2
		}
		a.chunk = make([]byte, 0, n)
		a.size += n
	}
	at := len(a.chunk)
	a.chunk = append(a.chunk, b...)
	return a.chunk[at:len(a.chunk):len(a.chunk)]
}

func (a *arena) string(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	c := a.bytes(b)
	return unsafe.String(&c[0], len(c))
}
