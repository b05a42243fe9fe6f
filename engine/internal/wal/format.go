package wal

import (
	"encoding/binary"
	"hash/crc32"
)

// The sizes, magics and version of FORMAT.md. Integers are little-endian.
const (
	version          = 1
	fileHeaderSize   = 28
	recordHeaderSize = 48

	fileMagic   = "SPWL"
	recordMagic = "\xf5REC"
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// fileHeader begins a log.
type fileHeader struct {
	id   uint64
	salt uint64
}

func (h fileHeader) append(b []byte) []byte {
	start := len(b)
	b = append(b, fileMagic...)
	b = le.AppendUint32(b, version)
	b = le.AppendUint64(b, h.id)
	b = le.AppendUint64(b, h.salt)
	return le.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// parseFileHeader reads fileHeaderSize bytes. The reason is empty when they are
// a sound header, whatever its version.
func parseFileHeader(b []byte) (h fileHeader, ver uint32, reason string) {
	switch {
	case string(b[:4]) != fileMagic:
		return h, 0, "no log header"
	case le.Uint32(b[24:]) != crc32.Checksum(b[:24], castagnoli):
		return h, 0, "bad checksum of the log header"
	}
	return fileHeader{id: le.Uint64(b[8:]), salt: le.Uint64(b[16:])}, le.Uint32(b[4:]), ""
}

// recordHeader precedes each payload. Its checksum covers the payload's, so it
// vouches for the whole record.
type recordHeader struct {
	payloadCRC uint32
	stored     uint32 // length of the payload in the file
	length     uint32 // length of the payload decompressed
	kind       Kind
	codec      Codec
	id         uint64
	sequence   uint64
	synced     uint64
}

// append writes the header as far as it is known when the record is appended;
// sealHeader completes it.
func (h recordHeader) append(b []byte) []byte {
	b = append(b, recordMagic...)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint32(b, h.payloadCRC)
	b = le.AppendUint32(b, h.stored)
	b = le.AppendUint32(b, h.length)
	b = append(b, byte(h.kind), byte(h.codec), 0, 0)
	b = le.AppendUint64(b, h.id)
	b = le.AppendUint64(b, h.sequence)
	return le.AppendUint64(b, h.synced)
}

// sealHeader sets the synced offset of an appended header, and its checksum.
func sealHeader(b []byte, salt uint64, synced int64) {
	le.PutUint64(b[40:], uint64(synced))
	le.PutUint32(b[4:], headerCRC(b, salt))
}

// headerCRC covers the file's salt and the header from the payload's checksum
// on. The salt is not in the record, so bytes inside a payload, or of another
// file, cannot pass for a record of this one.
func headerCRC(b []byte, salt uint64) uint32 {
	crc := crc32.Checksum(le.AppendUint64(nil, salt), castagnoli)
	return crc32.Update(crc, castagnoli, b[8:recordHeaderSize])
}

// parseRecordHeader reads recordHeaderSize bytes of the log with the given id
// and salt. The reason is empty when they are a header of that log.
func parseRecordHeader(b []byte, file fileHeader) (h recordHeader, reason string) {
	switch {
	case string(b[:4]) != recordMagic:
		return h, "no record"
	case le.Uint32(b[4:]) != headerCRC(b, file.salt):
		return h, "bad checksum of a record header"
	}
	h = recordHeader{
		payloadCRC: le.Uint32(b[8:]),
		stored:     le.Uint32(b[12:]),
		length:     le.Uint32(b[16:]),
		kind:       Kind(b[20]),
		codec:      Codec(b[21]),
		id:         le.Uint64(b[24:]),
		sequence:   le.Uint64(b[32:]),
		synced:     le.Uint64(b[40:]),
	}
	switch {
	case h.id != file.id:
		return h, "record of another log"
	case b[22] != 0 || b[23] != 0:
		return h, "reserved bytes of a record header are set"
	}
	return h, h.checkLengths()
}

func (h recordHeader) checkLengths() (reason string) {
	switch {
	case h.codec != Raw && h.codec != S2 && h.codec != Zstd:
		return "unknown codec"
	case h.length > MaxPayload:
		return "payload over the limit"
	case h.codec == Raw && h.stored != h.length, h.codec != Raw && h.stored >= h.length:
		return "lengths of the payload disagree"
	case h.kind == KindMark && h.length != 0:
		return "a mark with a payload"
	}
	return ""
}
