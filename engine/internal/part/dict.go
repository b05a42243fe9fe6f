package part

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
)

// dict is a dictionary column of a code group.
type dict struct {
	part   *Part
	column int
	field  query.Field
	typ    span.Type
	group  *group
}

func (d *dict) load() (arrow.Array, error) { return d.part.dictionary(d.column) }

// valueAt is entry i of a dictionary whose values have type t.
func valueAt(a arrow.Array, t span.Type, i int) (span.Value, error) {
	switch a := a.(type) {
	case *array.String:
		return span.String(a.Value(i)), nil
	case *array.Int64:
		return span.Int(a.Value(i)), nil
	case *array.Float64:
		return span.Double(a.Value(i)), nil
	case *array.Boolean:
		return span.Bool(a.Value(i)), nil
	}
	b := a.(*array.Binary).Value(i)
	if t == span.TypeBytes {
		return span.Bytes(b), nil
	}
	return otlp.ParseValue(b)
}

// Each implements plan.Dict.
func (d *dict) Each(fn func(code uint32, v span.Value) bool) error {
	a, err := d.load()
	if err != nil {
		return err
	}
	for i := range a.Len() {
		if a.IsNull(i) {
			continue
		}
		v, err := valueAt(a, d.typ, i)
		if err != nil {
			return d.part.corrupt(err)
		}
		if !fn(uint32(i), v) {
			return nil
		}
	}
	return nil
}

// At implements plan.Dict.
func (d *dict) At(code uint32) (span.Value, bool, error) {
	a, err := d.load()
	if err != nil || a.IsNull(int(code)) {
		return span.Value{}, false, err
	}
	v, err := valueAt(a, d.typ, int(code))
	return v, err == nil, d.part.corrupt(err)
}

// Reader implements plan.ValueReader.
func (d *dict) Reader() (func(code uint32) (span.Value, bool, error), error) {
	a, err := d.load()
	if err != nil {
		return nil, err
	}
	return func(code uint32) (span.Value, bool, error) {
		if a.IsNull(int(code)) {
			return span.Value{}, false, nil
		}
		v, err := valueAt(a, d.typ, int(code))
		return v, err == nil, d.part.corrupt(err)
	}, nil
}

// Find implements plan.Dict. The dictionary of a group of one column is
// sorted; any other is looked through.
func (d *dict) Find(dst []uint32, v span.Value) ([]uint32, bool, error) {
	if v.Type() != d.typ {
		return dst, true, nil
	}
	a, err := d.load()
	if err != nil {
		return dst, false, err
	}
	same := equalTo(a, v)
	if same == nil {
		return dst, false, nil
	}
	from, to := 0, a.Len()
	if below := belowOf(a, v); len(d.group.members) == 1 && below != nil {
		from = sort.Search(to, func(i int) bool { return a.IsNull(i) || !below(i) })
		to = from
		for to < a.Len() && a.IsValid(to) && same(to) {
			to++
		}
	}
	for i := from; i < to; i++ {
		if a.IsValid(i) && same(i) {
			dst = append(dst, uint32(i))
		}
	}
	return dst, true, nil
}

func equalTo(a arrow.Array, v span.Value) func(i int) bool {
	switch a := a.(type) {
	case *array.String:
		want := v.Str()
		return func(i int) bool { return a.Value(i) == want }
	case *array.Int64:
		want := v.Int()
		return func(i int) bool { return a.Value(i) == want }
	case *array.Float64:
		want := math.Float64bits(v.Double())
		return func(i int) bool { return math.Float64bits(a.Value(i)) == want }
	case *array.Boolean:
		want := v.Bool()
		return func(i int) bool { return a.Value(i) == want }
	case *array.Binary:
		if v.Type() == span.TypeBytes {
			want := v.Str()
			return func(i int) bool { return string(a.Value(i)) == want }
		}
	}
	return nil
}

// belowOf compares entries with v in the order in which they are sorted.
func belowOf(a arrow.Array, v span.Value) func(i int) bool {
	switch a := a.(type) {
	case *array.String:
		want := v.Str()
		return func(i int) bool { return strings.Compare(a.Value(i), want) < 0 }
	case *array.Int64:
		want := v.Int()
		return func(i int) bool { return cmp.Less(a.Value(i), want) }
	}
	return nil
}

// EachContaining implements plan.TextDict: the text is looked for in all
// values as one run of bytes.
func (d *dict) EachContaining(text string, fn func(code uint32, v string) bool) error {
	a, err := d.load()
	if err != nil {
		return err
	}
	s, ok := a.(*array.String)
	if !ok || s.Len() == 0 {
		return nil
	}
	offsets := s.Data().Buffers()[1]
	data := s.Data().Buffers()[2]
	if data == nil || offsets == nil {
		return nil
	}
	ends := arrow.Int32Traits.CastFromBytes(offsets.Bytes())[1 : s.Len()+1]
	b, want := data.Bytes()[:ends[len(ends)-1]], []byte(text)
	for at := 0; ; {
		k := bytes.Index(b[at:], want)
		if k < 0 {
			return nil
		}
		at += k
		i, _ := slices.BinarySearch(ends, int32(at+1))
		if at+len(want) > int(ends[i]) { // from one value into the next
			at++
			continue
		}
		if s.IsValid(i) && !fn(uint32(i), s.Value(i)) {
			return nil
		}
		at = int(ends[i])
	}
}

// innerDict is the dictionary of a text that each event or link has: ids are
// seen as lower-case hex.
type innerDict struct {
	part         *Part
	column, leaf int
}

func (d *innerDict) load() (arrow.Array, error) { return d.part.inner(d.column, d.leaf) }

func textAt(a arrow.Array, i int) string {
	if s, ok := a.(*array.String); ok {
		return s.Value(i)
	}
	return hex.EncodeToString(a.(*array.FixedSizeBinary).Value(i))
}

// Each implements plan.Dict.
func (d *innerDict) Each(fn func(code uint32, v span.Value) bool) error {
	a, err := d.load()
	if err != nil {
		return err
	}
	for i := range a.Len() {
		if !fn(uint32(i), span.String(textAt(a, i))) {
			break
		}
	}
	return nil
}

// At implements plan.Dict.
func (d *innerDict) At(code uint32) (span.Value, bool, error) {
	a, err := d.load()
	if err != nil {
		return span.Value{}, false, err
	}
	return span.String(textAt(a, int(code))), true, nil
}

// Find implements plan.Dict.
func (d *innerDict) Find(dst []uint32, _ span.Value) ([]uint32, bool, error) { return dst, false, nil }

// inner returns a dictionary inside a list column.
func (p *Part) inner(column, leaf int) (arrow.Array, error) {
	return get(p.cache, p.key(kindDict, column, leaf), func() (arrow.Array, int, error) {
		a, err := p.r.InnerDictionary(column, leaf)
		if err != nil {
			return nil, 0, p.corrupt(err)
		}
		return a, sizeOf(a.Data()), nil
	})
}

// wide is a numeric column without a dictionary.
type wide struct {
	part   *Part
	column int
	field  query.Field
	typ    span.Type
}

// Values implements plan.Wide.
func (w *wide) Values(b int) ([]uint64, *index.Bits, error) {
	a, err := w.part.plain(w.column, b)
	if err != nil {
		return nil, nil, err
	}
	var bits []uint64
	switch a := a.(type) {
	case *array.Int64:
		bits = arrow.Uint64Traits.CastFromBytes(arrow.Int64Traits.CastToBytes(a.Int64Values()))
	case *array.Float64:
		bits = arrow.Uint64Traits.CastFromBytes(arrow.Float64Traits.CastToBytes(a.Float64Values()))
	}
	if a.NullN() == 0 {
		return bits, nil, nil
	}
	valid := new(index.Bits)
	for i := range a.Len() {
		if a.IsValid(i) {
			valid[i>>6] |= 1 << (i & 63)
		}
	}
	return bits, valid, nil
}
