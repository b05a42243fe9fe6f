package wal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"
	"time"

	"github.com/spanstead/spanstead/engine/internal/disk"
)

// Create starts the log with the given id in a directory. When it returns, the
// empty log and its name are durable. It fails if the file exists, and leaves no
// file when it fails later.
func Create(fsys disk.FS, dir string, id uint64, opts Options) (*Writer, error) {
	f, err := fsys.Create(path.Join(dir, Name(id)))
	if err != nil {
		return nil, fmt.Errorf("log %d: %w", id, err)
	}
	w, err := start(fsys, dir, f, fileHeader{id: id, salt: opts.Salt}, opts)
	if err != nil {
		err = errors.Join(err, fsys.Remove(path.Join(dir, Name(id))))
	}
	return orClose(w, err, f, id)
}

// OpenWriter continues a log that has been replayed: what Replay found torn is
// cut off, the rest is synced, and the next record follows the last good one.
func OpenWriter(fsys disk.FS, dir string, id uint64, replayed Result, opts Options) (*Writer, error) {
	name := path.Join(dir, Name(id))
	if _, err := fsys.Stat(name); err != nil { // OpenAppend would make one
		return nil, fmt.Errorf("log %d: %w", id, err)
	}
	f, err := fsys.OpenAppend(name)
	if err != nil {
		return nil, fmt.Errorf("log %d: %w", id, err)
	}
	w, err := resume(fsys, dir, f, id, replayed, opts)
	return orClose(w, err, f, id)
}

func orClose(w *Writer, err error, f disk.File, id uint64) (*Writer, error) {
	if err != nil {
		return nil, fmt.Errorf("log %d: %w", id, errors.Join(err, f.Close()))
	}
	return w, nil
}

// start writes the header of an empty file.
func start(fsys disk.FS, dir string, f disk.File, h fileHeader, opts Options) (*Writer, error) {
	if h.salt == 0 {
		var b [8]byte
		if _, err := rand.Read(b[:]); err != nil {
			return nil, err
		}
		h.salt = le.Uint64(b[:])
	}
	if _, err := f.Write(h.append(nil)); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	if err := fsys.SyncDir(dir); err != nil {
		return nil, err
	}
	return newWriter(f, h, fileHeaderSize, 0, true, opts)
}

func resume(fsys disk.FS, dir string, f disk.File, id uint64, r Result, opts Options) (*Writer, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size < r.GoodOffset {
		return nil, fmt.Errorf("%d bytes, but %d were replayed", size, r.GoodOffset)
	}
	if size > r.GoodOffset {
		if err := f.Truncate(r.GoodOffset); err != nil {
			return nil, err
		}
	}
	if r.GoodOffset == 0 {
		return start(fsys, dir, f, fileHeader{id: id, salt: opts.Salt}, opts)
	}
	h, err := rereadHeader(f, id)
	if err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	if err := fsys.SyncDir(dir); err != nil {
		return nil, err
	}
	return newWriter(f, h, r.GoodOffset, r.LastSequence, r.Marked, opts)
}

func rereadHeader(f disk.File, id uint64) (fileHeader, error) {
	var b [fileHeaderSize]byte
	if _, err := f.ReadAt(b[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return fileHeader{}, err
	}
	return checkFileHeader(b[:], id)
}

func newWriter(f disk.File, h fileHeader, size int64, last uint64, marked bool, opts Options) (*Writer, error) {
	w := &Writer{
		disk: f, file: h, codec: opts.Codec, sync: opts.Policy, stop: func() {},
		next: last + 1, size: size, written: size, synced: size,
	}
	w.free.L = &w.mu
	if marked {
		w.marked = size
	}
	switch w.codec {
	case 0:
		w.codec = S2
	case Raw, S2:
	case Zstd:
		var err error
		if w.zstd, err = newZstdEncoder(); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("unknown codec %d", w.codec)
	}
	if w.sync == SyncInterval {
		w.syncOften(opts)
	}
	return w, nil
}

// syncOften starts the goroutine of SyncInterval; stop waits for its end.
func (w *Writer) syncOften(opts Options) {
	ticks, stopTicks := opts.Ticks, func() {}
	if ticks == nil {
		every := opts.Interval
		if every <= 0 {
			every = time.Second
		}
		ticker := time.NewTicker(every)
		ticks, stopTicks = ticker.C, ticker.Stop
	}
	quit := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-quit:
				return
			case <-ticks:
				_ = w.Sync() // the next Append reports it
			}
		}
	})
	w.stop = func() {
		stopTicks()
		close(quit)
		running.Wait()
	}
}
