package wal

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Source is a log's bytes; a disk.File is one.
type Source interface {
	io.ReaderAt
	Size() (int64, error)
}

// Record is a record read back.
type Record struct {
	Kind     Kind
	Sequence uint64
	Offset   int64  // of its header in the file
	Payload  []byte // decompressed; valid until the callback returns
}

// windowSize is how much is read at a time.
const windowSize = 256 << 10

// scanner reads a log's records, one after the other or at a guess.
type scanner struct {
	src     Source
	size    int64
	file    fileHeader
	decoder *decoder

	window []byte // bytes of the file from start on
	start  int64
}

// newScanner reads and checks the file header. A nil scanner without an error
// means that the file ends before a log could have begun.
func newScanner(src Source, id uint64) (*scanner, int64, error) {
	size, err := src.Size()
	if err != nil {
		return nil, 0, fmt.Errorf("log %d: %w", id, err)
	}
	s := &scanner{src: src, size: size, file: fileHeader{id: id}, decoder: newDecoder()}
	if size < fileHeaderSize {
		return nil, size, nil
	}
	b, err := s.view(0, fileHeaderSize)
	if err != nil {
		return nil, size, err
	}
	s.file, err = checkFileHeader(b, id)
	if errors.Is(err, ErrCorrupt) && size == fileHeaderSize {
		return nil, size, nil // nothing follows a header before it is synced
	}
	return s, size, err
}

func checkFileHeader(b []byte, id uint64) (fileHeader, error) {
	h, ver, reason := parseFileHeader(b)
	switch {
	case reason != "":
		return h, &CorruptError{Log: id, Reason: reason}
	case ver != version:
		return h, fmt.Errorf("log %d: version %d: %w", id, ver, ErrVersion)
	case h.id != id:
		return h, &CorruptError{Log: id, Reason: fmt.Sprintf("the file is log %d", h.id)}
	}
	return h, nil
}

// view returns n bytes at off, which the caller has checked against the size;
// they are valid until the next call.
func (s *scanner) view(off int64, n int) ([]byte, error) {
	if off >= s.start && off+int64(n) <= s.start+int64(len(s.window)) {
		return s.window[off-s.start:][:n], nil
	}
	want := int(min(max(int64(n), windowSize), s.size-off))
	if cap(s.window) < want {
		s.window = make([]byte, want)
	}
	s.window, s.start = s.window[:want], off
	got, err := s.src.ReadAt(s.window, off)
	if got < want {
		s.window = s.window[:0]
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("log %d: read at %d: %w", s.file.id, off, err)
	}
	return s.window[:n], nil
}

// rest is what is in memory from off on, and at least a record header.
func (s *scanner) rest(off int64) ([]byte, error) {
	if _, err := s.view(off, recordHeaderSize); err != nil {
		return nil, err
	}
	return s.window[off-s.start:], nil
}

// header reads the record header at off; a reason says why there is none.
func (s *scanner) header(off int64) (h recordHeader, reason string, err error) {
	if s.size-off < recordHeaderSize {
		return h, "the file ends within a record header", nil
	}
	b, err := s.view(off, recordHeaderSize)
	if err != nil {
		return h, "", err
	}
	h, reason = parseRecordHeader(b, s.file)
	return h, reason, nil
}

// payload reads and checks the stored payload of the record at off.
func (s *scanner) payload(h recordHeader, off int64) (stored []byte, reason string, err error) {
	if int64(h.stored) > s.size-off-recordHeaderSize {
		return nil, "the file ends within a record", nil
	}
	stored, err = s.view(off+recordHeaderSize, int(h.stored))
	if err != nil {
		return nil, "", err
	}
	if crc32.Checksum(stored, castagnoli) != h.payloadCRC {
		return nil, "bad checksum of a payload", nil
	}
	return stored, "", nil
}

// decode makes the record of a sound header and payload. What does not
// decompress was written like that: no crash explains it.
func (s *scanner) decode(h recordHeader, off int64, stored []byte) (Record, error) {
	payload, err := s.decoder.decode(h, stored)
	if err != nil {
		return Record{}, s.corrupt(off, "payload: "+err.Error())
	}
	return Record{Kind: h.kind, Sequence: h.sequence, Offset: off, Payload: payload}, nil
}

func (s *scanner) corrupt(off int64, reason string) *CorruptError {
	return &CorruptError{Log: s.file.id, Offset: off, Reason: reason}
}

// find looks for the next sound record header at or after off.
func (s *scanner) find(off int64) (at int64, h recordHeader, ok bool, err error) {
	for s.size-off >= recordHeaderSize {
		b, err := s.rest(off)
		if err != nil {
			return 0, h, false, err
		}
		i := bytes.Index(b, []byte(recordMagic))
		if i < 0 {
			off += int64(len(b) - len(recordMagic) + 1)
			continue
		}
		off += int64(i)
		h, reason, err := s.header(off)
		if err != nil || reason == "" {
			return off, h, err == nil, err
		}
		off++
	}
	return 0, h, false, nil
}

// after searches everything past a bad record for what vouches for it: the
// number of sound headers there and the largest offset that they claim as
// synced.
func (s *scanner) after(off int64) (records int, claim int64, err error) {
	for off++; ; off += recordHeaderSize {
		at, h, ok, err := s.find(off)
		if err != nil || !ok {
			return records, claim, err
		}
		records++
		if h.synced <= uint64(s.size) {
			claim = max(claim, int64(h.synced))
		}
		off = at
	}
}
