package part

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// pairColumn is a list column of attributes, whose codes number distinct keys
// with their values.
type pairColumn struct {
	part      *Part
	scope     query.Scope // of all attributes; ScopeAny when each names its own
	group     int
	column    int
	scopeLeaf int // dictionary of scopes, or -1
	keyLeaf   int // dictionary of keys; that of values follows
}

// pairs is the decoded dictionary of a pairColumn.
type pairs struct {
	list  []pair
	codes map[query.Field][]uint32
	types map[query.Field][]span.Type
}

type pair struct {
	field query.Field
	value span.Value
}

// mayHold reports whether attributes of a scope can lie in the column.
func (pc *pairColumn) mayHold(s query.Scope) bool {
	if pc.scope != query.ScopeAny {
		return s == pc.scope
	}
	return s == query.ScopeSpan || s == query.ScopeResource || s == query.ScopeInstrumentation
}

func (pc *pairColumn) load() (*pairs, error) {
	p := pc.part
	return get(p.cache, p.key(kindPairs, pc.column, 0), pc.decode)
}

func (pc *pairColumn) decode() (*pairs, int, error) {
	p := pc.part
	keys, err := p.inner(pc.column, pc.keyLeaf)
	if err != nil {
		return nil, 0, err
	}
	values, err := p.inner(pc.column, pc.keyLeaf+1)
	if err != nil {
		return nil, 0, err
	}
	out := &pairs{codes: map[query.Field][]uint32{}, types: map[query.Field][]span.Type{}}
	size := 0
	for i := range keys.Len() {
		v, err := otlp.ParseValue(values.(*array.Binary).Value(i))
		if err != nil {
			return nil, 0, p.corrupt(err)
		}
		scope, err := pc.scopeOf(i)
		if err != nil {
			return nil, 0, err
		}
		f := query.Attr(scope, keys.(*array.String).Value(i))
		out.list = append(out.list, pair{f, v})
		size += 160 + 2*values.(*array.Binary).ValueLen(i)
		if p.r.Spec().Groups[pc.group].Codes == 1 && f.Key == "" && pc.scope != query.ScopeAny && p.unused(pc) {
			continue // the entry that stands in where no list has an attribute
		}
		out.codes[f] = append(out.codes[f], uint32(i))
		if !slices.Contains(out.types[f], v.Type()) {
			out.types[f] = append(out.types[f], v.Type())
		}
	}
	return out, size, nil
}

// unused reports that no row has the column's only pair.
func (p *Part) unused(pc *pairColumn) bool {
	postings, err := p.groups[pc.group].Postings()
	return err == nil && postings != nil && postings.Count(0) == 0
}

func (pc *pairColumn) scopeOf(i int) (query.Scope, error) {
	if pc.scopeLeaf < 0 {
		return pc.scope, nil
	}
	scopes, err := pc.part.inner(pc.column, pc.scopeLeaf)
	if err != nil {
		return 0, err
	}
	switch name := scopes.(*array.String).Value(i); name {
	case query.ScopeSpan.String():
		return query.ScopeSpan, nil
	case query.ScopeResource.String():
		return query.ScopeResource, nil
	case query.ScopeInstrumentation.String():
		return query.ScopeInstrumentation, nil
	default:
		return 0, pc.part.corruptf("attribute of scope %.40q", name)
	}
}

// pairDict is the values of one key in a pairColumn.
type pairDict struct {
	column *pairColumn
	codes  []uint32 // that have the key, ascending
	pairs  *pairs
}

var _ plan.Dict = (*pairDict)(nil)

// Each implements plan.Dict.
func (d *pairDict) Each(fn func(code uint32, v span.Value) bool) error {
	for _, c := range d.codes {
		if !fn(c, d.pairs.list[c].value) {
			break
		}
	}
	return nil
}

// At implements plan.Dict.
func (d *pairDict) At(code uint32) (span.Value, bool, error) {
	_, ok := slices.BinarySearch(d.codes, code)
	return d.pairs.list[code].value, ok, nil
}

// Find implements plan.Dict.
func (d *pairDict) Find(dst []uint32, _ span.Value) ([]uint32, bool, error) { return dst, false, nil }
