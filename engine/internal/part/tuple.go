package part

import (
	"sync/atomic"

	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// tuples are what the codes of a group say of a span, each worked out when it
// is first met.
type tuples struct {
	group *group
	list  []atomic.Pointer[tuple]
}

// tuple is the fields of a span that one code stands for.
type tuple struct {
	attributes []span.KeyValue
	fields     []pair // intrinsic ones
	scope      *span.Scope
}

// keepTuples is the size of a group up to which its tuples are kept.
const keepTuples = 1 << 12

func (g *group) tuples() (*tuples, error) {
	p := g.part
	return get(p.cache, p.key(kindTuples, g.number, 0), func() (*tuples, int, error) {
		t := &tuples{group: g}
		if g.size > keepTuples {
			return t, 0, nil
		}
		t.list = make([]atomic.Pointer[tuple], g.size)
		return t, g.size * (96 + 64*len(g.members)), nil
	})
}

func (t *tuples) at(code uint32) (*tuple, error) {
	if t.list != nil {
		if tu := t.list[code].Load(); tu != nil {
			return tu, nil
		}
	}
	tu, err := t.group.tuple(code)
	if err == nil && t.list != nil {
		t.list[code].Store(tu)
	}
	return tu, err
}

func (g *group) tuple(code uint32) (*tuple, error) {
	tu := &tuple{}
	for _, d := range g.members {
		v, ok, err := d.At(code)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		switch {
		case d.field.Scope == query.ScopeSpan:
			tu.attributes = append(tu.attributes, span.KeyValue{Key: d.field.Key, Value: v})
		case isScope(d.field):
			tu.setScope(d.field, v)
		default:
			tu.fields = append(tu.fields, pair{d.field, v})
		}
	}
	if tu.scope != nil {
		sortAttributes(tu.scope.Attributes)
	}
	return tu, nil
}

func isScope(f query.Field) bool {
	return f.Scope == query.ScopeInstrumentation || f == query.ScopeName || f == query.ScopeVersion ||
		f == query.ScopeSchemaURL || f == table.ScopeDropped
}

func (tu *tuple) setScope(f query.Field, v span.Value) {
	if tu.scope == nil {
		tu.scope = &span.Scope{}
	}
	switch f {
	case query.ScopeName:
		tu.scope.Name = v.Str()
	case query.ScopeVersion:
		tu.scope.Version = v.Str()
	case query.ScopeSchemaURL:
		tu.scope.SchemaURL = v.Str()
	case table.ScopeDropped:
		tu.scope.DroppedAttributesCount = uint32(v.Int())
	default:
		tu.scope.Attributes = append(tu.scope.Attributes, span.KeyValue{Key: f.Key, Value: v})
	}
}

var emptyScope = &span.Scope{}

// apply sets what the tuple says.
func (tu *tuple) apply(s *span.Span) {
	s.Attributes = append(s.Attributes, tu.attributes...)
	if tu.scope != nil {
		s.Scope = tu.scope
	}
	for _, f := range tu.fields {
		setField(s, f.field, f.value)
	}
}

func setField(s *span.Span, f query.Field, v span.Value) {
	switch f {
	case query.Name:
		s.Name = v.Str()
	case query.Kind:
		s.Kind = span.Kind(v.Int())
	case query.StatusCode:
		s.Status.Code = span.StatusCode(v.Int())
	case query.StatusMessage:
		s.Status.Message = v.Str()
	case query.TraceState:
		s.TraceState = v.Str()
	case query.Flags:
		s.Flags = uint32(v.Int())
	case query.DroppedAttributesCount:
		s.DroppedAttributesCount = uint32(v.Int())
	case query.DroppedEventsCount:
		s.DroppedEventsCount = uint32(v.Int())
	case query.DroppedLinksCount:
		s.DroppedLinksCount = uint32(v.Int())
	}
}
