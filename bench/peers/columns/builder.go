package columns

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// Builder makes records of export requests. It is for one goroutine.
type Builder struct {
	layout   *Layout
	record   *array.RecordBuilder
	columns  map[string]array.Builder
	hotAt    map[string]int // index into layout.hot, by column name
	resource *otlp.ResourceView
	scope    *otlp.ScopeView
	buf      []byte
	seen     []bool // of layout.hot, in this span
	event    otlp.EventView
	link     otlp.LinkView
}

// NewBuilder makes records in a layout.
func NewBuilder(l *Layout) *Builder {
	b := &Builder{
		layout:  l,
		record:  array.NewRecordBuilder(memory.DefaultAllocator, l.schema),
		columns: map[string]array.Builder{},
		hotAt:   map[string]int{},
		seen:    make([]bool, len(l.hot)),
	}
	for i, f := range l.schema.Fields() {
		b.columns[f.Name] = b.record.Field(i)
	}
	for i, h := range l.hot {
		b.hotAt[h.name()] = i
	}
	return b
}

// Record is the request's spans. The caller releases it.
func (b *Builder) Record(request []byte) (arrow.RecordBatch, error) {
	if _, err := otlp.Walk(request, b); err != nil {
		b.record.NewRecordBatch().Release()
		return nil, err
	}
	return b.record.NewRecordBatch(), nil
}

// TraceTimes is the trace ids and start times of a record's rows, which share its
// memory. The caller releases it.
func (b *Builder) TraceTimes(record arrow.RecordBatch) arrow.RecordBatch {
	names := []string{"TraceId", "Timestamp"}
	if b.layout.typed {
		names = []string{"TraceHi", "TraceLo", "Start"}
	}
	var fields []arrow.Field
	var arrays []arrow.Array
	for _, name := range names {
		i := b.layout.schema.FieldIndices(name)[0]
		fields, arrays = append(fields, b.layout.schema.Field(i)), append(arrays, record.Column(i))
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, record.NumRows())
}

// Resource takes what the following spans have in common.
func (b *Builder) Resource(r *otlp.ResourceView) { b.resource = r }

// Scope takes what the following spans have in common.
func (b *Builder) Scope(s *otlp.ScopeView) { b.scope = s }

// Span appends one row.
func (b *Builder) Span(s *otlp.SpanView) {
	if b.layout.typed {
		b.typed(s)
	} else {
		b.exporter(s)
	}
	b.text("TraceState", s.TraceState)
	b.text("SpanName", s.Name)
	b.text("ScopeName", b.scope.Name)
	b.text("ScopeVersion", b.scope.Version)
	b.text("StatusMessage", s.StatusMessage)
	b.events(s.Events)
	b.links(s.Links)
}

func (b *Builder) exporter(s *otlp.SpanView) {
	b.columns["Timestamp"].(*array.TimestampBuilder).Append(arrow.Timestamp(s.StartTimeUnixNano))
	b.u64("Duration", s.EndTimeUnixNano-min(s.StartTimeUnixNano, s.EndTimeUnixNano))
	b.text("TraceId", b.hex(s.TraceID[:]))
	b.text("SpanId", b.hex(s.SpanID[:]))
	if s.ParentSpanID.IsZero() {
		b.text("ParentSpanId", nil)
	} else {
		b.text("ParentSpanId", b.hex(s.ParentSpanID[:]))
	}
	b.string("SpanKind", KindName(s.Kind))
	b.string("StatusCode", StatusName(s.StatusCode))
	b.text("ServiceName", lookup(b.resource.Attributes, "service.name"))
	b.attributes(b.columns["ResourceAttributes"], b.resource.Attributes, "")
	b.attributes(b.columns["SpanAttributes"], s.Attributes, "")
}

func (b *Builder) typed(s *otlp.SpanView) {
	b.columns["Start"].(*array.Int64Builder).Append(int64(s.StartTimeUnixNano))
	b.columns["Duration"].(*array.Int64Builder).Append(int64(s.EndTimeUnixNano - min(s.StartTimeUnixNano, s.EndTimeUnixNano)))
	b.u64("TraceHi", binary.BigEndian.Uint64(s.TraceID[:8]))
	b.u64("TraceLo", binary.BigEndian.Uint64(s.TraceID[8:]))
	b.u64("Span", binary.BigEndian.Uint64(s.SpanID[:]))
	b.u64("Parent", binary.BigEndian.Uint64(s.ParentSpanID[:]))
	b.columns["Kind"].(*array.Uint8Builder).Append(uint8(s.Kind))
	b.columns["Status"].(*array.Uint8Builder).Append(uint8(s.StatusCode))
	b.keys("SpanKeys", s.Attributes)
	b.keys("ResourceKeys", b.resource.Attributes)
	clear(b.seen)
	b.attributes(b.columns["ResourceAttributes"], b.resource.Attributes, resourcePrefix)
	b.attributes(b.columns["SpanAttributes"], s.Attributes, spanPrefix)
	for i, h := range b.layout.hot {
		if !b.seen[i] {
			b.columns[h.name()].AppendNull()
		}
	}
}

func (b *Builder) u64(column string, n uint64) { b.columns[column].(*array.Uint64Builder).Append(n) }

func (b *Builder) string(column, s string) { b.columns[column].(*array.StringBuilder).Append(s) }

func (b *Builder) text(column string, s []byte) { appendText(b.columns[column], s) }

func appendText(to array.Builder, s []byte) {
	to.(*array.StringBuilder).BinaryBuilder.Append(s)
}

// hex is good until the next use of buf.
func (b *Builder) hex(id []byte) []byte {
	b.buf = hex.AppendEncode(b.buf[:0], id)
	return b.buf
}

func (b *Builder) keys(column string, attrs []otlp.AttrView) {
	b.buf = b.buf[:0]
	for i := range attrs {
		if i > 0 {
			b.buf = append(b.buf, '\n')
		}
		b.buf = append(b.buf, attrs[i].Key...)
	}
	b.text(column, b.buf)
}

func lookup(attrs []otlp.AttrView, key string) []byte {
	for i := range attrs {
		if string(attrs[i].Key) == key {
			return attrs[i].Bytes
		}
	}
	return nil
}

// attributes appends one map. Those that have a column of their own, with
// prefix before their key, go there; a prefix of "" means that none has.
func (b *Builder) attributes(to array.Builder, attrs []otlp.AttrView, prefix string) {
	m := to.(*array.MapBuilder)
	m.Append(true)
	for i := range attrs {
		if prefix != "" && b.hot(prefix, &attrs[i]) {
			continue
		}
		appendText(m.KeyBuilder(), attrs[i].Key)
		appendText(m.ItemBuilder(), b.value(&attrs[i]))
	}
}

func (b *Builder) hot(prefix string, a *otlp.AttrView) bool {
	b.buf = append(append(b.buf[:0], prefix...), a.Key...)
	i, ok := b.hotAt[string(b.buf)]
	if !ok || b.seen[i] || b.layout.hot[i].typ != a.Type {
		return false
	}
	b.seen[i] = true
	switch to := b.columns[b.layout.hot[i].name()].(type) {
	case *array.StringBuilder:
		appendText(to, a.Bytes)
	case *array.Int64Builder:
		to.Append(int64(a.Num))
	case *array.Float64Builder:
		to.Append(math.Float64frombits(a.Num))
	case *array.BooleanBuilder:
		to.Append(a.Num != 0)
	}
	return true
}

// value is the text of a value, good until the next use of buf.
func (b *Builder) value(a *otlp.AttrView) []byte {
	switch a.Type {
	case span.TypeString:
		return a.Bytes
	case span.TypeInt:
		b.buf = strconv.AppendInt(b.buf[:0], int64(a.Num), 10)
		return b.buf
	case span.TypeBool:
		b.buf = strconv.AppendBool(b.buf[:0], a.Num != 0)
		return b.buf
	}
	return []byte(a.Value().Text())
}

func (b *Builder) events(raw [][]byte) {
	times, names := b.list("Events.Timestamp"), b.list("Events.Name")
	maps := b.list("Events.Attributes")
	for _, r := range raw {
		b.event.Read(r)
		times.(*array.TimestampBuilder).Append(arrow.Timestamp(b.event.TimeUnixNano))
		appendText(names, b.event.Name)
		b.attributes(maps, b.event.Attributes, "")
	}
}

func (b *Builder) links(raw [][]byte) {
	traces, spans := b.list("Links.TraceId"), b.list("Links.SpanId")
	states, maps := b.list("Links.TraceState"), b.list("Links.Attributes")
	for _, r := range raw {
		b.link.Read(r)
		appendText(traces, b.hex(b.link.TraceID[:]))
		appendText(spans, b.hex(b.link.SpanID[:]))
		appendText(states, b.link.TraceState)
		b.attributes(maps, b.link.Attributes, "")
	}
}

// list begins a list and is where its values go.
func (b *Builder) list(column string) array.Builder {
	l := b.columns[column].(*array.ListBuilder)
	l.Append(true)
	return l.ValueBuilder()
}

var kindNames = []string{"Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"}

// KindName is a kind as the exporter writes it.
func KindName(k span.Kind) string {
	if int(k) < 0 || int(k) >= len(kindNames) {
		return kindNames[0]
	}
	return kindNames[k]
}

var statusNames = []string{"Unset", "Ok", "Error"}

// StatusName is a status code as the exporter writes it.
func StatusName(c span.StatusCode) string {
	if int(c) < 0 || int(c) >= len(statusNames) {
		return statusNames[0]
	}
	return statusNames[c]
}
