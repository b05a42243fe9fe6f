package head

import (
	"sync"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// listIndex is the events, or links, that snapshots have decoded so far:
// always the first so many. What a snapshot adds serves the next.
type listIndex struct {
	mu     sync.Mutex
	texts  [2]textCodes // names; or trace ids and span ids
	values fieldValues
	at     map[string]uint32 // codes in values, by key and value

	// Of message i, codes[offsets[i]:offsets[i+1]] are its attributes, and
	// known[i] is how many values there are after it.
	offsets []uint32
	codes   []uint32
	known   []uint32
	key     []byte
}

// textCodes numbers the distinct texts of messages.
type textCodes struct {
	list  []string
	at    map[string]uint32
	codes []uint32 // of each message
}

func (t *textCodes) add(s string) {
	if t.at == nil {
		t.at = map[string]uint32{}
	}
	c, ok := t.at[s]
	if !ok {
		c = uint32(len(t.list))
		t.list = append(t.list, s)
		t.at[s] = c
	}
	t.codes = append(t.codes, c)
}

// addAttributes takes the attributes of one message.
func (x *listIndex) addAttributes(scope query.Scope, attrs []otlp.AttrView) {
	if x.at == nil {
		x.at, x.offsets = map[string]uint32{}, []uint32{0}
	}
	for i := range attrs {
		v, key := attrs[i].Value(), string(attrs[i].Key)
		x.key = v.AppendKey(appendText(x.key[:0], key))
		code, ok := x.at[string(x.key)]
		if !ok {
			code = x.values.add(query.Attr(scope, key), v)
			x.at[string(x.key)] = code
		}
		x.codes = append(x.codes, code)
	}
	x.offsets = append(x.offsets, uint32(len(x.codes)))
	x.known = append(x.known, uint32(len(x.values.list)))
}

// listView is a listIndex as far as the messages of one snapshot go.
type listView struct {
	messages messages
	index    *listIndex
	texts    [2][]string
	codes    [2][]uint32
	offsets  []uint32
	attrs    []uint32
	values   int
}

// viewEvents decodes events as far as it was not done yet.
func (x *listIndex) viewEvents(m messages) *listView {
	x.mu.Lock()
	defer x.mu.Unlock()
	var e otlp.EventView
	for i := len(x.known); i < len(m.raw); i++ {
		e.Read(m.raw[i])
		x.texts[0].add(string(e.Name))
		x.addAttributes(query.ScopeEvent, e.Attributes)
	}
	return x.view(m)
}

// viewLinks decodes links as far as it was not done yet.
func (x *listIndex) viewLinks(m messages) *listView {
	x.mu.Lock()
	defer x.mu.Unlock()
	var l otlp.LinkView
	for i := len(x.known); i < len(m.raw); i++ {
		l.Read(m.raw[i])
		x.texts[0].add(l.TraceID.String())
		x.texts[1].add(l.SpanID.String())
		x.addAttributes(query.ScopeLink, l.Attributes)
	}
	return x.view(m)
}

func (x *listIndex) view(m messages) *listView {
	v := &listView{messages: m, index: x}
	n := len(m.raw)
	if n == 0 {
		return v
	}
	for i := range x.texts {
		t := &x.texts[i]
		v.texts[i], v.codes[i] = t.list, t.codes[:min(n, len(t.codes))]
	}
	v.offsets = x.offsets[:n+1]
	v.attrs = x.codes[:v.offsets[n]]
	v.values = int(x.known[n-1])
	return v
}

// dict is the dictionary of an attribute.
func (v *listView) dict(f query.Field) (listDict, bool) {
	if v.values == 0 {
		return listDict{}, false
	}
	v.index.mu.Lock()
	defer v.index.mu.Unlock()
	return v.index.values.dict(f, v.values)
}

func (v *listView) eachType(fn func(query.Field, span.Type)) {
	v.index.mu.Lock()
	defer v.index.mu.Unlock()
	v.index.values.eachType(v.values, fn)
}

// textLists gives each of n rows from base the codes of its messages' texts.
func (v *listView) textLists(base, n, which int) plan.Lists {
	offsets, from, to := v.messages.offsets(base, n)
	return plan.Lists{Offsets: offsets, Codes: v.codes[which][from:to]}
}

// attrLists gives each row the codes of its messages' attributes.
func (v *listView) attrLists(base, n int) plan.Lists {
	if len(v.messages.rows) == 0 {
		return plan.Lists{Offsets: make([]int32, n+1)}
	}
	offsets, from, to := v.messages.offsets(base, n)
	first := v.offsets[from]
	for i, o := range offsets {
		offsets[i] = int32(v.offsets[from+int(o)] - first)
	}
	return plan.Lists{Offsets: offsets, Codes: v.attrs[first:v.offsets[to]]}
}

// pairLists gives each of n rows from base the codes of its pairs.
func pairLists(pairs []pair, base, n int) plan.Lists {
	at := below(pairs, base)
	lists := plan.Lists{Offsets: make([]int32, n+1)}
	for i := range n {
		for ; at < len(pairs) && int(pairs[at].row) == base+i; at++ {
			lists.Codes = append(lists.Codes, pairs[at].code)
		}
		lists.Offsets[i+1] = int32(len(lists.Codes))
	}
	return lists
}

// listDict is the values of one field among numbered values.
type listDict struct {
	codes  []uint32 // ascending
	values []fieldValue
}

// Each implements plan.Dict.
func (d listDict) Each(fn func(code uint32, v span.Value) bool) error {
	for _, c := range d.codes {
		if !fn(c, d.values[c].value) {
			break
		}
	}
	return nil
}

// At implements plan.Dict.
func (d listDict) At(code uint32) (span.Value, bool, error) {
	_, ok := search(d.codes, code)
	return d.values[code].value, ok, nil
}

// Find implements plan.Dict.
func (d listDict) Find(dst []uint32, _ span.Value) ([]uint32, bool, error) { return dst, false, nil }

// textsDict is one text for each code.
type textsDict []string

// Each implements plan.Dict.
func (d textsDict) Each(fn func(code uint32, v span.Value) bool) error {
	for c, s := range d {
		if !fn(uint32(c), span.String(s)) {
			break
		}
	}
	return nil
}

// At implements plan.Dict.
func (d textsDict) At(code uint32) (span.Value, bool, error) { return span.String(d[code]), true, nil }

// Find implements plan.Dict.
func (d textsDict) Find(dst []uint32, _ span.Value) ([]uint32, bool, error) { return dst, false, nil }
