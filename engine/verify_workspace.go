package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/segment"
)

// workspaceVerifier checks the files of one workspace.
type workspaceVerifier struct {
	*verifier
	dir     string
	cache   *part.Cache
	parts   []*verifiedPart // sound segments, by the range of the log that they cover
	corrupt []string        // segment files that were set aside
	tombs   []tombstone
	// tombsMissing: a log is damaged, so it is not known what was deleted.
	tombsMissing bool
}

// verifiedPart is a segment whose bytes are sound.
type verifiedPart struct {
	*part.Part
	file string
	src  disk.File
}

func (w *workspaceVerifier) run(ctx context.Context) (err error) {
	docs := workspace{dir: w.dir, fs: w.fs}
	if err := w.fault(w.dir+"/"+documentsName, docs.readDocuments()); err != nil {
		return err
	}
	defer func() {
		for _, p := range w.parts {
			p.Forget()
			err = errors.Join(err, p.src.Close())
		}
	}()
	if err := w.segments(ctx); err != nil {
		return err
	}
	if err := w.logs(ctx); err != nil {
		return err
	}
	return w.across(ctx)
}

func (w *workspaceVerifier) segments(ctx context.Context) error {
	dir := (&workspace{dir: w.dir}).segmentDir()
	names, err := w.fs.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		w.faultf(dir, "the directory is missing")
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		_, ours := segmentID(name)
		switch {
		case strings.HasSuffix(name, ".tmp"):
			w.note(dir+"/"+name, "left by an interruption, to be removed")
		case strings.HasSuffix(name, corruptSuffix):
			w.corrupt = append(w.corrupt, dir+"/"+name)
		case ours:
			if err := w.segment(ctx, dir+"/"+name); err != nil {
				return err
			}
		default:
			w.note(dir+"/"+name, "not a file of the store")
		}
	}
	w.dropReplaced()
	return nil
}

// segment checks one segment file by itself.
func (w *workspaceVerifier) segment(ctx context.Context, file string) error {
	f, err := w.fs.Open(file)
	if err != nil {
		return err
	}
	p, err := w.openSegment(ctx, f, file)
	if err == nil && p != nil {
		w.parts = append(w.parts, &verifiedPart{p, file, f})
		return nil
	}
	return errors.Join(err, f.Close())
}

// openSegment is nil for a segment with a fault, which it has reported.
func (w *workspaceVerifier) openSegment(ctx context.Context, f disk.File, file string) (*part.Part, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	w.Segments++
	w.Bytes += size
	r, err := segment.Open(f, size, segment.ReadOptions{})
	if err != nil {
		return nil, w.fault(file, err)
	}
	w.Rows += r.Rows()
	if name := segmentName(r.Spec().ID); !strings.HasSuffix(file, "/"+name) {
		w.faultf(file, "segment %06d in the file of another", r.Spec().ID)
		return nil, nil
	}
	if err := r.Verify(ctx); err != nil {
		return nil, w.fault(file, err)
	}
	p, err := part.Open(f, size, w.cache)
	if err != nil {
		return nil, w.fault(file, err)
	}
	if err := verifyPart(ctx, p); err != nil {
		p.Forget()
		return nil, w.fault(file, err)
	}
	return p, nil
}

// dropReplaced leaves out the segments that a merge has replaced.
func (w *workspaceVerifier) dropReplaced() {
	replaced := map[uint64]bool{}
	for _, p := range w.parts {
		for _, id := range p.Reader().Info().Replaces {
			replaced[id] = true
		}
	}
	for _, file := range w.corrupt {
		id, ok := segmentID(strings.TrimSuffix(file[strings.LastIndexByte(file, '/')+1:], corruptSuffix))
		if ok && replaced[id] {
			w.note(file, "set aside as damaged; a merged segment has its rows")
			continue
		}
		w.faultf(file, "set aside as damaged")
	}
	w.parts = slices.DeleteFunc(w.parts, func(p *verifiedPart) bool {
		if !replaced[p.ID()] {
			return false
		}
		w.note(p.file, "replaced by a merged segment, to be removed")
		p.Forget()
		if err := p.src.Close(); err != nil {
			w.note(p.file, "%v", err)
		}
		return true
	})
	slices.SortFunc(w.parts, func(a, b *verifiedPart) int {
		return cmp.Compare(a.Reader().Info().LogFirst, b.Reader().Info().LogFirst)
	})
}

func (w *workspaceVerifier) logs(ctx context.Context) error {
	names, err := w.fs.List(w.dir)
	if err != nil {
		return err
	}
	var ids []uint64
	for _, name := range names {
		file := w.dir + "/" + name
		if id, ok := wal.ParseName(name); ok {
			ids = append(ids, id)
			continue
		}
		switch {
		case strings.HasSuffix(name, corruptSuffix):
			w.faultf(file, "set aside as damaged")
			w.tombsMissing = true
		case strings.HasSuffix(name, ".tmp"):
			w.note(file, "left by an interruption, to be removed")
		case name != "segments" && name != documentsName:
			w.note(file, "not a file of the store")
		}
	}
	slices.Sort(ids)
	for i, id := range ids {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.log(id, i == len(ids)-1); err != nil {
			return err
		}
	}
	return nil
}

// log checks one log: its bytes, then what its records say. Only the newest
// may have a torn end; an older one was synced before the next was begun.
func (w *workspaceVerifier) log(id uint64, newest bool) (err error) {
	file := w.dir + "/" + wal.Name(id)
	f, err := w.fs.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return err
	}
	w.Logs++
	w.Bytes += size
	res, err := wal.Verify(f, id)
	if err != nil {
		w.tombsMissing = true
		return w.fault(file, err)
	}
	w.Records += res.Records
	for _, c := range res.Faults {
		w.faultf(file, "%v", c)
	}
	covered := slices.ContainsFunc(w.parts, func(p *verifiedPart) bool { return p.covers(id) })
	switch {
	case res.TornTail && newest:
		w.note(file, "log %d: at %d: torn tail of %d bytes, to be cut off: %s", id, res.GoodOffset, res.Dropped, res.Reason)
	case res.TornTail:
		w.faultf(file, "log %d: at %d: %d bytes are lost before the next log: %s", id, res.GoodOffset, res.Dropped, res.Reason)
	case covered && !newest:
		w.note(file, "its spans are in a segment, to be removed")
	}
	if len(res.Faults) > 0 {
		w.tombsMissing = true
		return nil
	}
	_, err = wal.Replay(f, id, func(r wal.Record) error { return w.record(file, id, r) })
	return err
}

// record checks what a record says and takes its deletions.
func (w *workspaceVerifier) record(file string, id uint64, r wal.Record) error {
	var tombs []tombstone
	var err error
	switch r.Kind {
	case kindSpans:
		_, err = otlp.Walk(r.Payload, nil)
	case kindDelete:
		var ids []span.TraceID
		ids, err = parseTraceIDs(r.Payload)
		for _, t := range ids {
			tombs = append(tombs, tombstone{t, id})
		}
	case kindCarry:
		tombs, err = parseTombstones(r.Payload)
	default:
		err = fmt.Errorf("record of kind %d", r.Kind)
	}
	if err != nil {
		w.faultf(file, "log %d: record %d at %d: %v", id, r.Sequence, r.Offset, err)
		w.tombsMissing = w.tombsMissing || r.Kind != kindSpans
	}
	w.tombs = append(w.tombs, tombs...)
	return nil
}

func (p *verifiedPart) covers(log uint64) bool {
	info := p.Reader().Info()
	return info.LogFirst <= log && log <= info.LogLast
}

// across checks what segments say against each other.
func (w *workspaceVerifier) across(ctx context.Context) error {
	for i, p := range w.parts {
		if i == 0 {
			continue
		}
		if before := w.parts[i-1]; before.Reader().Info().LogLast >= p.Reader().Info().LogFirst {
			w.faultf(p.file, "segment %06d: covers log %d, as segment %06d does", p.ID(), p.Reader().Info().LogFirst, before.ID())
		}
	}
	if w.tombsMissing {
		return nil // a span that was deleted and sent again is there twice
	}
	return w.duplicates(ctx)
}

// duplicates looks for spans that are in two segments, deleted ones left out.
func (w *workspaceVerifier) duplicates(ctx context.Context) error {
	live := make([]*part.Part, len(w.parts))
	first := map[span.TraceID]int{} // the first part that has a trace
	for i, p := range w.parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if live[i], err = (&workspace{}).bury(p.Part, w.tombs); err != nil {
			return w.fault(p.file, err)
		}
		traces, err := p.TraceIDs()
		if err != nil {
			return w.fault(p.file, err)
		}
		for _, id := range traces {
			if _, ok := first[id]; !ok {
				first[id] = i
				continue
			}
			if err := w.duplicated(live[first[id]:i+1], id); err != nil {
				return err
			}
		}
	}
	return nil
}

// duplicated reports the spans of a trace that the last part has and an
// earlier one has too.
func (w *workspaceVerifier) duplicated(parts []*part.Part, id span.TraceID) error {
	last := len(parts) - 1
	var here map[span.SpanID]bool
	if err := addSpanIDs(parts[last], id, &here); err != nil {
		return err
	}
	for _, p := range parts[:last] {
		var there map[span.SpanID]bool
		if err := addSpanIDs(p, id, &there); err != nil {
			return err
		}
		for s := range there {
			if here[s] {
				w.faultf((&workspace{dir: w.dir}).segmentDir()+"/"+segmentName(parts[last].ID()),
					"segment %06d: span %v of trace %v is in segment %06d too", parts[last].ID(), s, id, p.ID())
			}
		}
	}
	return nil
}
