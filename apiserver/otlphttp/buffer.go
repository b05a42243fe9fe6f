package otlphttp

import "sync"

// sizes are the capacities of pooled buffers. Larger ones are made as needed
// and left to the garbage collector.
var sizes = [...]int64{64 << 10, 256 << 10, 1 << 20, 4 << 20}

var pools [len(sizes)]sync.Pool // of *[]byte

// roomFor is the capacity of the buffer that bufferOf returns.
func roomFor(size int64) int64 {
	if c := classOf(size); c >= 0 {
		return sizes[c]
	}
	return size
}

// bufferOf returns an empty buffer with room for size bytes.
func bufferOf(size int64) []byte {
	c := classOf(size)
	if c < 0 {
		return make([]byte, 0, size)
	}
	if b, ok := pools[c].Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, sizes[c])
}

// recycle takes a buffer back; nobody may use it any more.
func recycle(b []byte) {
	if c := classOf(int64(cap(b))); c >= 0 && int64(cap(b)) == sizes[c] {
		pools[c].Put(&b)
	}
}

// classOf is the smallest class with room for size bytes, -1 without one.
func classOf(size int64) int {
	for c, n := range sizes {
		if size <= n {
			return c
		}
	}
	return -1
}
