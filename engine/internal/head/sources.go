package head

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// sources numbers distinct resources, or scopes, by the first row that has
// each. Those that differ only in the order of their attributes are one.
type sources[T any] struct {
	list  []*T
	first []uint32 // row that brought each
	byRaw map[string]uint32
	byKey map[string]uint32
	size  int64

	// The one whose rows come now. It has no number before it has a row.
	code     uint32
	numbered bool
	fresh    *T
	raw, key []byte
}

// maxRaw bounds byRaw, since one source can be sent in any number of forms.
const maxRaw = 1 << 13

func (s *sources[T]) init() {
	s.byRaw, s.byKey = map[string]uint32{}, map[string]uint32{}
}

// enter makes a source the one whose rows come now: make decodes it, and key
// appends bytes that are equal for equal sources.
func (s *sources[T]) enter(raw, schemaURL []byte, make func() *T, key func(dst []byte, x *T) []byte) {
	s.raw = binary.AppendUvarint(s.raw[:0], uint64(len(schemaURL)))
	s.raw = append(append(s.raw, schemaURL...), raw...)
	if s.code, s.numbered = s.byRaw[string(s.raw)]; s.numbered {
		return
	}
	s.fresh = make()
	s.key = key(s.key[:0], s.fresh)
	if s.code, s.numbered = s.byKey[string(s.key)]; s.numbered {
		s.remember()
	}
}

func (s *sources[T]) remember() {
	if len(s.byRaw) >= maxRaw {
		clear(s.byRaw)
	}
	s.byRaw[string(s.raw)] = s.code
}

// current is the code of the source whose rows come now.
func (s *sources[T]) current(row uint32) uint32 {
	if !s.numbered {
		s.code, s.numbered = uint32(len(s.list)), true
		s.list = append(s.list, s.fresh)
		s.first = append(s.first, row)
		s.byKey[string(s.key)] = s.code
		s.remember()
		s.size += int64(3*len(s.key) + 400) // decoded, key, raw
	}
	return s.code
}

// before is how many sources rows below n have.
func (s *sources[T]) before(n int) int {
	k, _ := slices.BinarySearch(s.first, uint32(n))
	return k
}

func (s *sources[T]) truncate(n int) {
	k := s.before(n)
	s.numbered, s.fresh = false, nil
	if k == len(s.list) {
		return
	}
	s.list, s.first = slices.Clip(s.list[:k]), s.first[:k]
	clear(s.byRaw)
	for key, code := range s.byKey {
		if int(code) >= k {
			delete(s.byKey, key)
			s.size -= int64(3*len(key) + 400)
		}
	}
}

// Resource implements otlp.Handler.
func (h appender) Resource(v *otlp.ResourceView) {
	h.resources.enter(v.Raw, v.SchemaURL, func() *span.Resource {
		r := v.Resource()
		sortAttributes(r.Attributes)
		return r
	}, resourceKey)
}

// Scope implements otlp.Handler.
func (h appender) Scope(v *otlp.ScopeView) {
	h.scopes.enter(v.Raw, v.SchemaURL, func() *span.Scope {
		s := v.Scope()
		sortAttributes(s.Attributes)
		return s
	}, scopeKey)
}

// sortAttributes sorts by key; repeats of a key keep their order.
func sortAttributes(kvs []span.KeyValue) {
	slices.SortStableFunc(kvs, func(a, b span.KeyValue) int { return cmp.Compare(a.Key, b.Key) })
}

func resourceKey(dst []byte, r *span.Resource) []byte {
	dst = appendText(dst, r.SchemaURL)
	dst = binary.AppendUvarint(dst, uint64(r.DroppedAttributesCount))
	dst = appendAttributes(dst, r.Attributes)
	for _, e := range r.EntityRefs {
		dst = appendText(appendText(dst, e.SchemaURL), e.Type)
		for _, keys := range [][]string{e.IDKeys, e.DescriptionKeys} {
			dst = binary.AppendUvarint(dst, uint64(len(keys)))
			for _, k := range keys {
				dst = appendText(dst, k)
			}
		}
	}
	return dst
}

func scopeKey(dst []byte, s *span.Scope) []byte {
	dst = appendText(appendText(appendText(dst, s.Name), s.Version), s.SchemaURL)
	dst = binary.AppendUvarint(dst, uint64(s.DroppedAttributesCount))
	return appendAttributes(dst, s.Attributes)
}

func appendAttributes(dst []byte, kvs []span.KeyValue) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(kvs)))
	for _, kv := range kvs {
		dst = kv.Value.AppendKey(appendText(dst, kv.Key))
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
