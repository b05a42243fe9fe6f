package segment

import (
	"encoding/binary"
	"fmt"
)

const trailerSize = 64

var trailerMagic = [8]byte{'S', 'P', 'S', 'E', 'G', 'M', 'N', 'T'}

// A trailer is the fixed block before Arrow's footer that says where the
// directory is.
type trailer struct {
	segment uint64
	size    int64 // of the file
	dir     extent
	footer  extent // with its length and magic, to the end of the file
}

func (t trailer) encode(off int64) []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, trailerSize)
	b = append(b, trailerMagic[:]...)
	b = le.AppendUint32(b, Version)
	b = le.AppendUint32(b, t.dir.crc)
	b = le.AppendUint64(b, t.segment)
	b = le.AppendUint64(b, uint64(t.size))
	b = le.AppendUint64(b, uint64(t.dir.off))
	b = le.AppendUint64(b, uint64(t.dir.stored))
	b = le.AppendUint32(b, t.footer.crc)
	b = append(b, make([]byte, 8)...) // reserved
	return le.AppendUint32(b, checksum(t.segment, off, b))
}

// decodeTrailer reads the trailer at off of a file of size bytes.
func decodeTrailer(b []byte, off, size int64, unchecked bool) (trailer, error) {
	le := binary.LittleEndian
	bad := func(what string) (trailer, error) {
		return trailer{}, &CorruptError{Offset: off, What: "trailer: " + what}
	}
	if len(b) != trailerSize || [8]byte(b[:8]) != trailerMagic {
		return bad("no magic")
	}
	t := trailer{segment: le.Uint64(b[16:]), size: int64(le.Uint64(b[24:]))}
	if le.Uint32(b[60:]) != checksum(t.segment, off, b[:60]) && !unchecked {
		return bad("bad checksum")
	}
	if v := le.Uint32(b[8:]); v != Version {
		return trailer{}, fmt.Errorf("segment %06d: version %d: %w", t.segment, v, ErrVersion)
	}
	dir := extent{off: int64(le.Uint64(b[32:])), stored: int64(le.Uint64(b[40:])), crc: le.Uint32(b[12:])}
	t.dir = dir
	t.footer = extent{off: off + trailerSize, stored: size - off - trailerSize, crc: le.Uint32(b[48:])}
	switch {
	case t.size != size:
		return bad(fmt.Sprintf("file of %d bytes was written with %d", size, t.size))
	case dir.off < 0 || dir.stored < 0 || dir.off > off || align(dir.end()) != off:
		return bad("directory is not before it")
	case !allZero(b[52:60]):
		return bad("reserved bytes are not zero")
	}
	return t, nil
}
