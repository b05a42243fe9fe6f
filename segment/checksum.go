package segment

import (
	"encoding/binary"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is the CRC-32C of the segment's id, the block's offset (both as
// little-endian 64-bit) and the block's bytes, so that a good block in the
// wrong place or from another segment is a bad one.
func checksum(segment uint64, offset int64, block []byte) uint32 {
	var place [16]byte
	binary.LittleEndian.PutUint64(place[:8], segment)
	binary.LittleEndian.PutUint64(place[8:], uint64(offset))
	return crc32.Update(crc32.Checksum(place[:], castagnoli), castagnoli, block)
}
