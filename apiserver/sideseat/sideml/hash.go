package sideml

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/bits"
	"slices"
	"strings"
)

// hashOf is the hash by which SideSeat tells equal content: SipHash-1-3 with a
// zero key over the words, each followed by the byte 0xff.
func hashOf(words ...string) string {
	var b []byte
	for _, w := range words {
		b = append(append(b, w...), 0xff)
	}
	return sum(b)
}

// hashMedia hashes where media come from, their length, and their bytes.
func hashMedia(m media) string {
	b := append([]byte(m.Type), 0xff)
	b = append(append(b, m.Source...), 0xff)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(m.Data)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(m.Data)))
	return sum(append(b, m.Data...))
}

func sum(b []byte) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, sipHash13(b)))
}

// canonical writes JSON with its keys sorted and without quotes around them.
func canonical(raw json.RawMessage) string {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return string(raw)
	}
	var b strings.Builder
	writeCanonical(&b, v)
	return b.String()
}

func writeCanonical(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		if v {
			b.WriteString("true")
		} else {
			b.WriteString("false")
		}
	case json.Number:
		b.WriteString(v.String())
	case string:
		b.Write(content(v))
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeCanonical(b, e)
		}
		b.WriteByte(']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		b.WriteByte('{')
		for i, key := range keys {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(key)
			b.WriteByte(':')
			writeCanonical(b, v[key])
		}
		b.WriteByte('}')
	}
}

// sipHash13 is SipHash with one round for a word and three at the end, under
// the zero key.
func sipHash13(b []byte) uint64 {
	s := sipState{0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573}
	n := len(b)
	for ; len(b) >= 8; b = b[8:] {
		s.word(binary.LittleEndian.Uint64(b))
	}
	var tail [8]byte
	copy(tail[:], b)
	tail[7] = byte(n)
	s.word(binary.LittleEndian.Uint64(tail[:]))
	s[2] ^= 0xff
	for range 3 {
		s.round()
	}
	return s[0] ^ s[1] ^ s[2] ^ s[3]
}

type sipState [4]uint64

func (s *sipState) word(m uint64) {
	s[3] ^= m
	s.round()
	s[0] ^= m
}

func (s *sipState) round() {
	s[0] += s[1]
	s[1] = bits.RotateLeft64(s[1], 13) ^ s[0]
	s[0] = bits.RotateLeft64(s[0], 32)
	s[2] += s[3]
	s[3] = bits.RotateLeft64(s[3], 16) ^ s[2]
	s[0] += s[3]
	s[3] = bits.RotateLeft64(s[3], 21) ^ s[0]
	s[2] += s[1]
	s[1] = bits.RotateLeft64(s[1], 17) ^ s[2]
	s[2] = bits.RotateLeft64(s[2], 32)
}
