package wal

import "fmt"

// Result is what a replay found.
type Result struct {
	Records      int    // given to the callback
	LastSequence uint64 // of the last good record, marks included; 0 for none
	GoodOffset   int64  // end of the last good record; 0 if there is no log yet
	SyncedOffset int64  // the largest offset that a good record claims as synced
	Marked       bool   // the log was closed, or has no records

	// TornTail says that bytes follow which were never known to be synced and
	// are no good record: OpenWriter cuts them off.
	TornTail bool
	Dropped  int64  // how many bytes
	Reason   string // what is wrong with the first of them
	// DroppedRecords counts the sound records among them. They were not synced
	// before the bad one was, so under SyncAlways none was acknowledged.
	DroppedRecords int
}

// Replay reads a log from the beginning and calls fn for each record in order.
// It stops at the first error: fn's own, one of reading, or a *CorruptError; fn
// has then seen the records before that.
func Replay(src Source, id uint64, fn func(Record) error) (Result, error) {
	s, size, err := newScanner(src, id)
	if err != nil {
		return Result{}, err
	}
	if s == nil {
		return Result{Marked: true}.torn(size, "the file ends within the log header"), nil
	}
	res := Result{GoodOffset: fileHeaderSize, Marked: true}
	for res.GoodOffset < s.size {
		h, stored, reason, err := s.next(&res)
		if err != nil {
			return res, err
		}
		if reason != "" {
			return s.judge(res, reason)
		}
		rec, err := s.decode(h, res.GoodOffset, stored)
		if err != nil {
			return res, err
		}
		if h.kind != KindMark {
			if err := fn(rec); err != nil {
				return res, fmt.Errorf("log %d: record %d at %d: %w", id, rec.Sequence, rec.Offset, err)
			}
			res.Records++
		}
		res.take(h)
	}
	return res, nil
}

// next reads the record that follows those in res.
func (s *scanner) next(res *Result) (h recordHeader, stored []byte, reason string, err error) {
	off := res.GoodOffset
	h, reason, err = s.header(off)
	if err != nil || reason != "" {
		return h, nil, reason, err
	}
	stored, reason, err = s.payload(h, off)
	if err != nil || reason != "" {
		return h, nil, reason, err
	}
	// A sound record in the wrong place is not the work of a crash.
	if h.sequence != res.LastSequence+1 {
		return h, stored, "", s.corrupt(off, fmt.Sprintf("record %d follows record %d", h.sequence, res.LastSequence))
	}
	if h.synced > uint64(off) || int64(h.synced) < res.SyncedOffset {
		return h, stored, "", s.corrupt(off, fmt.Sprintf("record %d claims %d as synced", h.sequence, h.synced))
	}
	return h, stored, "", nil
}

func (r *Result) take(h recordHeader) {
	r.LastSequence = h.sequence
	r.GoodOffset += recordHeaderSize + int64(h.stored)
	r.SyncedOffset = int64(h.synced)
	r.Marked = h.kind == KindMark
}

// judge decides whether the bad record after res is damage or a torn tail.
func (s *scanner) judge(res Result, reason string) (Result, error) {
	records, claim, err := s.after(res.GoodOffset)
	if err != nil {
		return res, err
	}
	if claim > res.GoodOffset {
		return res, s.corrupt(res.GoodOffset, reason)
	}
	res = res.torn(s.size-res.GoodOffset, reason)
	res.DroppedRecords = records
	return res, nil
}

func (r Result) torn(dropped int64, reason string) Result {
	if dropped > 0 {
		r.TornTail, r.Dropped, r.Reason = true, dropped, reason
	}
	return r
}
