package wal

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

// memSource is a log in a byte slice.
type memSource struct{ *bytes.Reader }

func (s memSource) Size() (int64, error) { return s.Reader.Size(), nil }

// FuzzReplay: no bytes make a replay panic, fail with an untyped error or
// report what is not there; the checksums are made to hold, so that what lies
// behind them is reached too.
func FuzzReplay(f *testing.F) {
	for _, name := range []string{"testdata/v1.wal"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, false)
		f.Add(b, true)
		f.Add(b[:len(b)-9], true)
		f.Add(append(b[:100:100], make([]byte, 200)...), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, mend bool) {
		if mend {
			b = mended(b)
		}
		src := memSource{bytes.NewReader(b)}
		total := 0
		res, err := Replay(src, 7, func(r Record) error {
			total++
			if len(r.Payload) > MaxPayload || r.Offset < fileHeaderSize || r.Offset >= int64(len(b)) {
				t.Errorf("record %d at %d of %d bytes", r.Sequence, r.Offset, len(r.Payload))
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			t.Fatal(err)
		}
		if total != res.Records || err == nil && res.GoodOffset+res.Dropped != int64(len(b)) {
			t.Errorf("%d records of %d bytes, %+v", total, len(b), res)
		}
		report, verr := Verify(src, 7)
		if verr != nil && !errors.Is(verr, ErrVersion) {
			t.Fatal(verr)
		}
		if errors.Is(err, ErrCorrupt) != (len(report.Faults) > 0) || report.Records < res.Records {
			t.Errorf("replay %+v %v, verify %+v", res, err, report)
		}
	})
}

// mended sets the checksums of what looks like headers and records.
func mended(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) < fileHeaderSize {
		return b
	}
	resum(b)
	salt := le.Uint64(b[16:])
	for off := fileHeaderSize; len(b)-off >= recordHeaderSize; {
		h := b[off:]
		if string(h[:4]) != recordMagic {
			off++
			continue
		}
		if n := int64(le.Uint32(h[12:])); n <= int64(len(h)-recordHeaderSize) {
			le.PutUint32(h[8:], checksum(h[recordHeaderSize:][:n]))
		}
		le.PutUint32(h[4:], headerCRC(h, salt))
		off += recordHeaderSize
	}
	return b
}
