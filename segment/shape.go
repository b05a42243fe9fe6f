package segment

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

const (
	maxDepth = 32      // of nested types
	maxWidth = 1 << 16 // bytes of a fixed-size value
)

// kind is how a field's values lie in buffers.
type kind uint8

const (
	fixed     kind = iota // one buffer of width bytes a value
	bits                  // one buffer of a bit a value
	variable              // int32 offsets and bytes
	list                  // int32 offsets; the elements are the one child
	structure             // no buffer; one child a field
	coded                 // one buffer of codes
)

// A node is a field of the schema, as far as its storage goes.
type node struct {
	field arrow.Field // Type is the value type, also for a coded node
	kind  kind
	width int // bytes of a value, for fixed and coded
	group int // of a coded node
	// twin is the index of the earlier sibling whose codes a coded node
	// shares, or -1.
	twin int
	kids []*node

	store arrow.DataType // of the arrays that are written and read
}

// A dictionary is a coded field that has values to be written.
type dictionary struct {
	column int
	leaf   int // among the column's inner dictionaries; -1 for a grouped column
	group  int
	values *node
}

// A shape is a checked Spec: trees of nodes, and dictionaries in file order.
type shape struct {
	spec  Spec
	nodes []*node // per column
	codes []*node // per group, for its codes alone
	dicts []dictionary
	first []int // per column, the number of its first dictionary
}

func newShape(spec Spec) (*shape, error) {
	if spec.BatchRows == 0 {
		spec.BatchRows = BatchRows
	}
	if spec.BatchRows < 0 || spec.BatchRows > 1<<24 {
		return nil, fmt.Errorf("%d rows in a batch", spec.BatchRows)
	}
	s := &shape{spec: spec}
	if err := s.checkGroups(); err != nil {
		return nil, err
	}
	names := make(map[string]bool, len(spec.Columns))
	for i, c := range spec.Columns {
		if names[c.Field.Name] {
			return nil, fmt.Errorf("column %q: name used twice", c.Field.Name)
		}
		names[c.Field.Name] = true
		if err := s.addColumn(i, c); err != nil {
			return nil, fmt.Errorf("column %q: %w", c.Field.Name, err)
		}
	}
	return s, s.checkMembers()
}

func (s *shape) checkGroups() error {
	names := make(map[string]bool, len(s.spec.Groups))
	for i, g := range s.spec.Groups {
		if names[g.Name] {
			return fmt.Errorf("group %q: name used twice", g.Name)
		}
		names[g.Name] = true
		if g.Codes < 0 || int64(g.Codes) > 1<<31-1 {
			return fmt.Errorf("group %q: %d codes", g.Name, g.Codes)
		}
		s.codes = append(s.codes, s.codesNode(i, g.Name))
	}
	return nil
}

// newNode fills in what follows from a node's field and kind.
func newNode(n node) *node {
	n.twin = -1
	n.store = n.storage()
	return &n
}

// storage is the type of the arrays that are written and read for n.
func (n *node) storage() arrow.DataType {
	if n.kind != coded {
		return StorageType(n.field.Type)
	}
	switch n.width {
	case 1:
		return arrow.PrimitiveTypes.Uint8
	case 2:
		return arrow.PrimitiveTypes.Uint16
	}
	return arrow.PrimitiveTypes.Uint32
}

// checkMembers refuses a group whose codes would have no place in the file.
func (s *shape) checkMembers() error {
	used := make([]bool, len(s.spec.Groups))
	for _, d := range s.dicts {
		used[d.group] = true
	}
	if i := slices.Index(used, false); i >= 0 {
		return fmt.Errorf("group %q: no column is a member", s.spec.Groups[i].Name)
	}
	return nil
}

func (s *shape) addColumn(i int, c Column) error {
	s.first = append(s.first, len(s.dicts))
	if c.Group != Plain {
		n, err := s.groupNode(i, c)
		s.nodes = append(s.nodes, n)
		return err
	}
	b := treeBuilder{shape: s, column: i, inner: c.Inner}
	n, err := b.build(c.Field, 0)
	s.nodes = append(s.nodes, n)
	if err != nil {
		return err
	}
	if len(b.inner) > 0 {
		return fmt.Errorf("%d inner groups too many", len(b.inner))
	}
	return nil
}

func (s *shape) groupNode(i int, c Column) (*node, error) {
	if c.Group < 0 || c.Group >= len(s.spec.Groups) {
		return nil, fmt.Errorf("no group %d", c.Group)
	}
	if s.spec.Groups[c.Group].List {
		return nil, fmt.Errorf("group %q is for list columns", s.spec.Groups[c.Group].Name)
	}
	if len(c.Inner) > 0 {
		return nil, fmt.Errorf("inner groups in a column that has a group")
	}
	return s.codedNode(dictionary{column: i, leaf: -1, group: c.Group}, c.Field)
}

// codedNode registers a dictionary of values like field.
func (s *shape) codedNode(d dictionary, field arrow.Field) (*node, error) {
	k, width, err := flatKind(field.Type)
	if err != nil {
		return nil, fmt.Errorf("dictionary of %w", err)
	}
	d.values = newNode(node{field: field, kind: k, width: width})
	s.dicts = append(s.dicts, d)
	n := s.codesNode(d.group, "")
	n.field = field
	return n, nil
}

func (s *shape) codesNode(group int, name string) *node {
	index := s.spec.Groups[group].IndexType().(arrow.FixedWidthDataType)
	return newNode(node{field: arrow.Field{Name: name}, kind: coded, width: index.Bytes(), group: group})
}

// flatKind is the kind of a type without children.
func flatKind(t arrow.DataType) (kind, int, error) {
	switch t := t.(type) {
	case *arrow.BooleanType:
		return bits, 0, nil
	case *arrow.StringType, *arrow.BinaryType:
		return variable, 0, nil
	case *arrow.FixedSizeBinaryType:
		if t.ByteWidth < 1 || t.ByteWidth > maxWidth {
			return 0, 0, fmt.Errorf("%v: width out of range", t)
		}
		return fixed, t.ByteWidth, nil
	case *arrow.Int8Type, *arrow.Int16Type, *arrow.Int32Type, *arrow.Int64Type,
		*arrow.Uint8Type, *arrow.Uint16Type, *arrow.Uint32Type, *arrow.Uint64Type,
		*arrow.Float32Type, *arrow.Float64Type:
		return fixed, t.(arrow.FixedWidthDataType).Bytes(), nil
	}
	return 0, 0, fmt.Errorf("%v: type not supported", t)
}

// A treeBuilder turns the type of one plain column into nodes.
type treeBuilder struct {
	shape  *shape
	column int
	inner  []int // groups not yet assigned
	leaf   int
}

func (b *treeBuilder) build(f arrow.Field, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("type nested deeper than %d", maxDepth)
	}
	switch t := f.Type.(type) {
	case *arrow.DictionaryType:
		return b.buildCoded(f, t, depth)
	case *arrow.ListType:
		kid, err := b.build(t.ElemField(), depth+1)
		if err != nil {
			return nil, err
		}
		return newNode(node{field: f, kind: list, kids: []*node{kid}}), nil
	case *arrow.StructType:
		return b.buildStruct(f, t, depth)
	case nil:
		return nil, fmt.Errorf("field %q has no type", f.Name)
	}
	k, width, err := flatKind(f.Type)
	if err != nil {
		return nil, fmt.Errorf("field %q: %w", f.Name, err)
	}
	return newNode(node{field: f, kind: k, width: width}), nil
}

func (b *treeBuilder) buildCoded(f arrow.Field, t *arrow.DictionaryType, depth int) (*node, error) {
	if depth == 0 {
		return nil, fmt.Errorf("dictionary outside a list: name a group instead")
	}
	if t.IndexType.ID() != arrow.UINT32 || t.Ordered {
		return nil, fmt.Errorf("field %q: %v: want an unordered dictionary with uint32 indices", f.Name, t)
	}
	if b.leaf >= len(b.shape.spec.Columns[b.column].Inner) {
		return nil, fmt.Errorf("field %q: no inner group", f.Name)
	}
	g := b.inner[0]
	b.inner = b.inner[1:]
	if g < 0 || g >= len(b.shape.spec.Groups) || !b.shape.spec.Groups[g].List {
		return nil, fmt.Errorf("field %q: inner group %d is no list group", f.Name, g)
	}
	f.Type = t.ValueType
	n, err := b.shape.codedNode(dictionary{column: b.column, leaf: b.leaf, group: g}, f)
	b.leaf++
	return n, err
}

func (b *treeBuilder) buildStruct(f arrow.Field, t *arrow.StructType, depth int) (*node, error) {
	n := newNode(node{field: f, kind: structure})
	for i, kf := range t.Fields() {
		kid, err := b.build(kf, depth+1)
		if err != nil {
			return nil, err
		}
		if kid.kind == coded {
			kid.twin = slices.IndexFunc(n.kids[:i], func(o *node) bool {
				return o.kind == coded && o.group == kid.group
			})
		}
		n.kids = append(n.kids, kid)
	}
	return n, nil
}

// arrowField is a column as Arrow's schema has it.
func (s *shape) arrowField(column int) arrow.Field {
	c := s.spec.Columns[column]
	if c.Group != Plain {
		c.Field.Type = &arrow.DictionaryType{
			IndexType: s.spec.Groups[c.Group].IndexType(), ValueType: c.Field.Type,
		}
	}
	return c.Field
}
