package head

import (
	"encoding/binary"
	"sync"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// addRare stores an attribute that has no column. Key and value together are
// one value of the rare column: the key's length, the key, and the AnyValue.
func (h *Head) addRare(row uint32, a *otlp.AttrView) {
	b := binary.AppendUvarint(h.buf[:0], uint64(len(a.Key)))
	b = append(b, a.Key...)
	if a.Type == span.TypeArray || a.Type == span.TypeKVList {
		b = append(b, a.Bytes...)
	} else {
		b = otlp.AppendValue(b, a.Value())
	}
	h.buf = b
	h.rare.pairs = append(h.rare.pairs, pair{row, h.rare.values.text(h, b)})
}

// readRare is the inverse.
func readRare(text string) (key string, v span.Value, err error) {
	n, size := binary.Uvarint([]byte(text[:min(len(text), binary.MaxVarintLen64)]))
	v, err = otlp.ParseValue([]byte(text[size+int(n):]))
	return text[size : size+int(n)], v, err
}

// fieldValue is a field with one of its values.
type fieldValue struct {
	field query.Field
	value span.Value
}

// fieldValues are numbered values of any fields. Whoever shares them locks.
type fieldValues struct {
	list   []fieldValue
	fields map[query.Field]*fieldCodes
}

// fieldCodes are the codes of one field, ascending, and the first of each type.
type fieldCodes struct {
	codes []uint32
	types []typeCode
}

type typeCode struct {
	typ   span.Type
	first uint32
}

// add numbers a value, which is a new one.
func (f *fieldValues) add(field query.Field, v span.Value) uint32 {
	code := uint32(len(f.list))
	f.list = append(f.list, fieldValue{field, v})
	if f.fields == nil {
		f.fields = map[query.Field]*fieldCodes{}
	}
	fc := f.fields[field]
	if fc == nil {
		fc = &fieldCodes{}
		f.fields[field] = fc
	}
	fc.codes = append(fc.codes, code)
	for _, t := range fc.types {
		if t.typ == v.Type() {
			return code
		}
	}
	fc.types = append(fc.types, typeCode{v.Type(), code})
	return code
}

// dict is the dictionary of one field, of codes below limit; ok is false when
// there are none.
func (f *fieldValues) dict(field query.Field, limit int) (d listDict, ok bool) {
	fc := f.fields[field]
	if fc == nil || int(fc.codes[0]) >= limit {
		return listDict{}, false
	}
	n := len(fc.codes)
	for n > 0 && int(fc.codes[n-1]) >= limit {
		n--
	}
	return listDict{fc.codes[:n:n], f.list[:limit:limit]}, true
}

// eachType calls fn with each field and type that codes below limit have.
func (f *fieldValues) eachType(limit int, fn func(query.Field, span.Type)) {
	for field, fc := range f.fields {
		for _, t := range fc.types {
			if int(t.first) < limit {
				fn(field, t.typ)
			}
		}
	}
}

// rareIndex is the rare attributes that snapshots have decoded so far.
type rareIndex struct {
	mu     sync.Mutex
	values fieldValues
}

// extend decodes the texts that are new, and returns with the lock held.
func (x *rareIndex) extend(texts []string) error {
	x.mu.Lock()
	for _, text := range texts[min(len(x.values.list), len(texts)):] {
		key, v, err := readRare(text)
		if err != nil {
			return err
		}
		x.values.add(query.Attr(query.ScopeSpan, key), v)
	}
	return nil
}
