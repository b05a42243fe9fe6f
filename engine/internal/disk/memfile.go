package disk

import (
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"syscall"
)

// chunkSize is how much memory a file takes at a time once it is larger than
// that; a smaller file grows by doubling.
const chunkSize = 256 << 10

// memData is the content of a file: full chunks and a last, partial one. As
// files only grow at the end or are cut, what is durable is always a prefix of
// the content, followed by what a cut has taken away since.
type memData struct {
	mu     sync.RWMutex
	chunks [][]byte
	size   int64
	stable int64  // the content up to here is as the last sync left it
	cut    []byte // what the last sync had after it
}

func (d *memData) length() int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.size
}

func (d *memData) sync() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stable, d.cut = d.size, nil
}

func (d *memData) write(p []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.extend(p)
}

func (d *memData) extend(p []byte) {
	for len(p) > 0 {
		last := len(d.chunks) - 1
		switch {
		case last < 0:
			d.chunks = append(d.chunks, nil)
			last = 0
		case len(d.chunks[last]) == chunkSize:
			d.chunks = append(d.chunks, make([]byte, 0, chunkSize))
			last++
		}
		n := min(len(p), chunkSize-len(d.chunks[last]))
		d.chunks[last] = append(d.chunks[last], p[:n]...)
		d.size += int64(n)
		p = p[n:]
	}
}

func (d *memData) truncate(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n < d.stable {
		taken := make([]byte, d.stable-n, d.stable-n+int64(len(d.cut)))
		d.readAt(taken, n)
		d.cut = append(taken, d.cut...)
		d.stable = n
	}
	for d.size < n {
		d.extend(make([]byte, min(n-d.size, chunkSize)))
	}
	keep := int((n + chunkSize - 1) / chunkSize)
	clear(d.chunks[keep:])
	d.chunks = d.chunks[:keep]
	if tail := n % chunkSize; tail > 0 {
		d.chunks[keep-1] = d.chunks[keep-1][:tail]
	}
	d.size = n
}

// readAt copies what there is. Called with mu held.
func (d *memData) readAt(p []byte, off int64) int {
	n := 0
	for n < len(p) && off < d.size {
		c := copy(p[n:], d.chunks[off/chunkSize][off%chunkSize:])
		n += c
		off += int64(c)
	}
	return n
}

// memFile is a handle. Handles share the content, not a copy.
type memFile struct {
	data     *memData
	name     string
	writable bool
	closed   atomic.Bool
}

func (f *memFile) check(op string, write bool) error {
	if f.closed.Load() {
		return pathError(op, f.name, fs.ErrClosed)
	}
	if write && !f.writable {
		return pathError(op, f.name, syscall.EBADF)
	}
	return nil
}

func (f *memFile) Write(p []byte) (int, error) {
	if err := f.check("write", true); err != nil {
		return 0, err
	}
	f.data.write(p)
	return len(p), nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.check("read", false); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, pathError("read", f.name, syscall.EINVAL)
	}
	f.data.mu.RLock()
	defer f.data.mu.RUnlock()
	n := f.data.readAt(p, off)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Sync() error {
	if err := f.check("sync", false); err != nil {
		return err
	}
	f.data.sync()
	return nil
}

func (f *memFile) Truncate(n int64) error {
	if err := f.check("truncate", true); err != nil {
		return err
	}
	if n < 0 {
		return pathError("truncate", f.name, syscall.EINVAL)
	}
	f.data.truncate(n)
	return nil
}

func (f *memFile) Size() (int64, error) {
	if err := f.check("stat", false); err != nil {
		return 0, err
	}
	return f.data.length(), nil
}

func (f *memFile) Close() error {
	if f.closed.Swap(true) {
		return pathError("close", f.name, fs.ErrClosed)
	}
	return nil
}
