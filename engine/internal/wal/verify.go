package wal

import "errors"

// Report is everything that Verify found.
type Report struct {
	// Result is as of Replay, except that Records counts every sound record, also
	// those after a fault, and GoodOffset is where a torn tail begins or the end.
	Result
	Faults []*CorruptError // in the order of their offsets
}

// Verify reads a whole log and reports all its faults, where Replay stops at the
// first. The error is one of reading, or ErrVersion.
func Verify(src Source, id uint64) (Report, error) {
	s, size, err := newScanner(src, id)
	var corrupt *CorruptError
	switch {
	case errors.As(err, &corrupt):
		return Report{Faults: []*CorruptError{corrupt}}, nil
	case err != nil:
		return Report{}, err
	case s == nil:
		return Report{Result: Result{Marked: true}.torn(size, "the file ends within the log header")}, nil
	}
	v := verifier{scanner: s, claim: -1}
	v.GoodOffset, v.Marked = fileHeaderSize, true
	for v.GoodOffset < s.size && !v.TornTail {
		if err := v.step(); err != nil {
			return v.Report, err
		}
	}
	return v.Report, nil
}

type verifier struct {
	*scanner
	Report
	claim int64 // the largest synced offset claimed after the first bad record; -1 for not searched yet
}

// step takes one record, or one fault.
func (v *verifier) step() error {
	off := v.GoodOffset
	h, stored, reason, err := v.next(&v.Result)
	if err == nil && reason != "" {
		return v.skip(off, reason)
	}
	if err == nil {
		_, err = v.decode(h, off, stored)
	}
	var corrupt *CorruptError
	if errors.As(err, &corrupt) {
		v.Faults = append(v.Faults, corrupt)
	} else if err != nil {
		return err
	} else if h.kind != KindMark {
		v.Records++
	}
	claimed := v.SyncedOffset
	v.take(h)
	v.SyncedOffset = max(claimed, min(v.SyncedOffset, off))
	return nil
}

// skip goes from a bad record to the next sound one, or ends with a torn tail.
func (v *verifier) skip(off int64, reason string) error {
	if v.claim < 0 {
		var err error
		if _, v.claim, err = v.after(off); err != nil {
			return err
		}
	}
	if v.claim <= off {
		records, _, err := v.after(off)
		if err != nil {
			return err
		}
		v.Result = v.torn(v.size-off, reason)
		v.DroppedRecords = records
		return nil
	}
	v.Faults = append(v.Faults, v.corrupt(off, reason))
	at, h, err := v.soundAfter(off)
	if err == nil && at < v.size {
		v.LastSequence = h.sequence - 1
	}
	v.GoodOffset = at
	return err
}

// soundAfter finds the next record with a sound header and payload, or the end.
func (v *verifier) soundAfter(off int64) (int64, recordHeader, error) {
	for off++; ; off++ {
		at, h, ok, err := v.find(off)
		if err != nil || !ok {
			return v.size, h, err
		}
		_, reason, err := v.payload(h, at)
		if err != nil || reason == "" {
			return at, h, err
		}
		off = at
	}
}
