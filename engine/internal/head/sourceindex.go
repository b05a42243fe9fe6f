package head

import (
	"slices"
	"sync"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// sourceIndex is the attributes of the first so many resources, or scopes, by
// field. The first of a key is in columns, repeats are in repeats.
type sourceIndex struct {
	size    int
	columns map[query.Field][]*sourceDict
	repeats fieldValues
	// Source i has the repeats from offsets[i] up to offsets[i+1].
	offsets []uint32
}

// sourceIndexes keeps the latest index.
type sourceIndexes struct {
	mu     sync.Mutex
	latest *sourceIndex
}

// of is the index of n sources.
func (x *sourceIndexes) of(n int, scope query.Scope, attributes func(i int) []span.KeyValue) *sourceIndex {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.latest == nil || x.latest.size != n {
		x.latest = newSourceIndex(n, scope, attributes)
	}
	return x.latest
}

func newSourceIndex(n int, scope query.Scope, attributes func(i int) []span.KeyValue) *sourceIndex {
	x := &sourceIndex{size: n, columns: map[query.Field][]*sourceDict{}, offsets: make([]uint32, 1, n+1)}
	for i := range n {
		last := "" // attributes are sorted by key
		for k, kv := range attributes(i) {
			f := query.Attr(scope, kv.Key)
			if k > 0 && kv.Key == last {
				x.repeats.add(f, kv.Value)
			} else {
				x.column(f, kv.Value.Type()).add(uint32(i), kv.Value)
			}
			last = kv.Key
		}
		x.offsets = append(x.offsets, uint32(len(x.repeats.list)))
	}
	return x
}

func (x *sourceIndex) column(f query.Field, t span.Type) *sourceDict {
	for _, d := range x.columns[f] {
		if d.typ == t {
			return d
		}
	}
	d := &sourceDict{typ: t}
	x.columns[f] = append(x.columns[f], d)
	return d
}

// sourceDict is one attribute of one type, by code of the source.
type sourceDict struct {
	typ    span.Type
	codes  []uint32 // ascending
	values []span.Value
}

func (d *sourceDict) add(code uint32, v span.Value) {
	d.codes, d.values = append(d.codes, code), append(d.values, v)
}

// Each implements plan.Dict.
func (d *sourceDict) Each(fn func(code uint32, v span.Value) bool) error {
	for i, c := range d.codes {
		if !fn(c, d.values[i]) {
			break
		}
	}
	return nil
}

// At implements plan.Dict.
func (d *sourceDict) At(code uint32) (v span.Value, ok bool, err error) {
	if i, found := search(d.codes, code); found {
		return d.values[i], true, nil
	}
	return v, false, nil
}

// Find implements plan.Dict.
func (d *sourceDict) Find(dst []uint32, _ span.Value) ([]uint32, bool, error) { return dst, false, nil }

// search finds a code among ascending ones that mostly are all there are.
func search(codes []uint32, code uint32) (int, bool) {
	if int(code) < len(codes) && codes[code] == code {
		return int(code), true
	}
	return slices.BinarySearch(codes, code)
}
