package columns

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/spanstead/spanstead/engine/span"
)

// rows is a record by column names.
type rows struct {
	record  arrow.RecordBatch
	columns map[string]arrow.Array
}

func rowsOf(r arrow.RecordBatch) *rows {
	rs := &rows{record: r, columns: map[string]arrow.Array{}}
	for i, f := range r.Schema().Fields() {
		rs.columns[f.Name] = r.Column(i)
	}
	return rs
}

func (r *rows) len() int { return int(r.record.NumRows()) }

func (r *rows) has(column string) bool { return r.columns[column] != nil }

// text copies a value out of memory that the database owns.
func (r *rows) text(column string, i int) string { return textOf(r.columns[column], i) }

func textOf(a arrow.Array, i int) string {
	switch a := a.(type) {
	case *array.String:
		return strings.Clone(a.Value(i))
	case *array.LargeString:
		return strings.Clone(a.Value(i))
	case *array.Binary:
		return string(a.Value(i))
	case *array.Dictionary:
		return textOf(a.Dictionary(), a.GetValueIndex(i))
	case nil:
		return ""
	}
	if a.IsNull(i) {
		return ""
	}
	return a.ValueStr(i)
}

func (r *rows) int(column string, i int) int64 { return intOf(r.columns[column], i) }

func intOf(a arrow.Array, i int) int64 {
	switch a := a.(type) {
	case *array.Int64:
		return a.Value(i)
	case *array.Uint64:
		return int64(a.Value(i))
	case *array.Int32:
		return int64(a.Value(i))
	case *array.Uint32:
		return int64(a.Value(i))
	case *array.Int16:
		return int64(a.Value(i))
	case *array.Uint16:
		return int64(a.Value(i))
	case *array.Int8:
		return int64(a.Value(i))
	case *array.Uint8:
		return int64(a.Value(i))
	case *array.Timestamp:
		return int64(a.Value(i))
	case *array.Boolean:
		if a.Value(i) {
			return 1
		}
	}
	return 0
}

// spans reads rows in either layout.
func (r *rows) spans() ([]*span.Span, error) {
	spans := make([]*span.Span, r.len())
	for i := range spans {
		s := &span.Span{
			TraceState: r.text("TraceState", i),
			Name:       r.text("SpanName", i),
			Status:     span.Status{Message: r.text("StatusMessage", i)},
			Scope:      &span.Scope{Name: r.text("ScopeName", i), Version: r.text("ScopeVersion", i)},
			Attributes: mapAt(r.columns["SpanAttributes"], i),
			Resource:   &span.Resource{Attributes: mapAt(r.columns["ResourceAttributes"], i)},
		}
		r.own(s, i)
		if err := r.identity(s, i); err != nil {
			return nil, err
		}
		if err := r.nested(s, i); err != nil {
			return nil, err
		}
		spans[i] = s
	}
	return spans, nil
}

// identity reads ids, times and enumerations, which the layouts tell apart.
func (r *rows) identity(s *span.Span, i int) error {
	if r.has("TraceHi") {
		binary.BigEndian.PutUint64(s.TraceID[:8], uint64(r.int("TraceHi", i)))
		binary.BigEndian.PutUint64(s.TraceID[8:], uint64(r.int("TraceLo", i)))
		binary.BigEndian.PutUint64(s.SpanID[:], uint64(r.int("Span", i)))
		binary.BigEndian.PutUint64(s.ParentSpanID[:], uint64(r.int("Parent", i)))
		s.StartTimeUnixNano = uint64(r.int("Start", i))
		s.Kind, s.Status.Code = span.Kind(r.int("Kind", i)), span.StatusCode(r.int("Status", i))
	} else {
		if err := r.textIDs(s, i); err != nil {
			return err
		}
		s.StartTimeUnixNano = uint64(r.int("Timestamp", i))
		s.Kind = span.Kind(max(slices.Index(kindNames, r.text("SpanKind", i)), 0))
		s.Status.Code = span.StatusCode(max(slices.Index(statusNames, r.text("StatusCode", i)), 0))
	}
	s.EndTimeUnixNano = s.StartTimeUnixNano + uint64(r.int("Duration", i))
	return nil
}

func (r *rows) textIDs(s *span.Span, i int) error {
	if err := unhex(s.TraceID[:], r.text("TraceId", i)); err != nil {
		return err
	}
	if err := unhex(s.SpanID[:], r.text("SpanId", i)); err != nil {
		return err
	}
	parent := r.text("ParentSpanId", i)
	if parent == "" {
		return nil
	}
	return unhex(s.ParentSpanID[:], parent)
}

func unhex(id []byte, text string) error {
	if hex.DecodedLen(len(text)) != len(id) {
		return fmt.Errorf("id %q: want %d bytes", text, len(id))
	}
	if _, err := hex.Decode(id, []byte(text)); err != nil {
		return fmt.Errorf("id %q: %w", text, err)
	}
	return nil
}

// own adds the attributes that have columns of their own.
func (r *rows) own(s *span.Span, i int) {
	for c, f := range r.record.Schema().Fields() {
		a := r.record.Column(c)
		key, ofSpan := strings.CutPrefix(f.Name, spanPrefix)
		to := &s.Attributes
		if !ofSpan {
			var ok bool
			if key, ok = strings.CutPrefix(f.Name, resourcePrefix); !ok {
				continue
			}
			to = &s.Resource.Attributes
		}
		if !a.IsNull(i) {
			*to = append(*to, span.KeyValue{Key: key, Value: valueOf(a, i)})
		}
	}
}

func valueOf(a arrow.Array, i int) span.Value {
	switch a := a.(type) {
	case *array.Int64:
		return span.Int(a.Value(i))
	case *array.Float64:
		return span.Double(a.Value(i))
	case *array.Boolean:
		return span.Bool(a.Value(i))
	}
	return span.String(textOf(a, i))
}

func (r *rows) nested(s *span.Span, i int) error {
	times, from, to := listAt(r.columns["Events.Timestamp"], i)
	names, nfrom, _ := listAt(r.columns["Events.Name"], i)
	maps, mfrom, _ := listAt(r.columns["Events.Attributes"], i)
	for j := range to - from {
		s.Events = append(s.Events, span.Event{
			TimeUnixNano: uint64(intOf(times, from+j)), Name: textOf(names, nfrom+j), Attributes: mapAt(maps, mfrom+j),
		})
	}
	traces, from, to := listAt(r.columns["Links.TraceId"], i)
	spans, sfrom, _ := listAt(r.columns["Links.SpanId"], i)
	states, tfrom, _ := listAt(r.columns["Links.TraceState"], i)
	maps, mfrom, _ = listAt(r.columns["Links.Attributes"], i)
	for j := range to - from {
		l := span.Link{TraceState: textOf(states, tfrom+j), Attributes: mapAt(maps, mfrom+j)}
		if err := unhex(l.TraceID[:], textOf(traces, from+j)); err != nil {
			return err
		}
		if err := unhex(l.SpanID[:], textOf(spans, sfrom+j)); err != nil {
			return err
		}
		s.Links = append(s.Links, l)
	}
	return nil
}

// listAt is the values of a list column and those that are of row i.
func listAt(a arrow.Array, i int) (values arrow.Array, from, to int) {
	l, ok := a.(*array.List)
	if !ok || l.IsNull(i) {
		return nil, 0, 0
	}
	start, end := l.ValueOffsets(i)
	return l.ListValues(), int(start), int(end)
}

func mapAt(a arrow.Array, i int) []span.KeyValue {
	m, ok := a.(*array.Map)
	if !ok || m.IsNull(i) {
		return nil
	}
	start, end := m.ValueOffsets(i)
	kvs := make([]span.KeyValue, 0, end-start)
	for j := int(start); j < int(end); j++ {
		kvs = append(kvs, span.KeyValue{Key: textOf(m.Keys(), j), Value: span.String(textOf(m.Items(), j))})
	}
	return kvs
}
