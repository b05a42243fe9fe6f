package segment

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

func TestSpecRefused(t *testing.T) {
	p, text := arrow.PrimitiveTypes, arrow.BinaryTypes.String
	grouped := func(name string, g int) Column { return Column{Field: field(name, text, true), Group: g} }
	deep := arrow.DataType(p.Uint8)
	for range maxDepth + 1 {
		deep = arrow.ListOf(deep)
	}
	for _, c := range []struct {
		want string
		spec Spec
	}{
		{"name used twice", Spec{Columns: []Column{plain("a", p.Int64, false), plain("a", p.Int64, false)}}},
		{"not supported", Spec{Columns: []Column{plain("a", arrow.FixedWidthTypes.Date32, false)}}},
		{"no group 1", Spec{Groups: []Group{{Name: "g"}}, Columns: []Column{grouped("a", 1)}}},
		{"no column is a member", Spec{Groups: []Group{{Name: "g"}}}},
		{"is for list columns", Spec{Groups: []Group{{Name: "g", List: true}}, Columns: []Column{grouped("a", 0)}}},
		{"no list group", Spec{Groups: []Group{{Name: "g"}}, Columns: []Column{grouped("b", 0), plain("a", attributesType(), false, 0, 0)}}},
		{"no inner group", Spec{Groups: []Group{{Name: "g", List: true}}, Columns: []Column{plain("a", attributesType(), false, 0)}}},
		{"too many", Spec{Groups: []Group{{Name: "g", List: true}}, Columns: []Column{plain("a", attributesType(), false, 0, 0, 0)}}},
		{"name a group instead", Spec{Columns: []Column{plain("a", dictOf(text), false, 0)}}},
		{"width out of range", Spec{Columns: []Column{plain("a", &arrow.FixedSizeBinaryType{}, false)}}},
		{"nested deeper", Spec{Columns: []Column{plain("a", deep, false)}}},
		{"rows in a batch", Spec{BatchRows: -1}},
		{"has no type", Spec{Columns: []Column{plain("a", nil, false)}}},
	} {
		_, err := NewWriter(io.Discard, c.spec, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func uint8s(v ...uint8) arrow.Array {
	b := array.NewUint8Builder(memory.DefaultAllocator)
	b.AppendValues(v, nil)
	return b.NewArray()
}

func texts(v ...string) arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.AppendValues(v, nil)
	return b.NewArray()
}

func nullText() arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.AppendNull()
	b.Append("b")
	return b.NewArray()
}

// TestInputRefused writes wrong things in right order and right things in
// wrong order. Each error is final.
func TestInputRefused(t *testing.T) {
	spec := Spec{
		BatchRows: 4,
		Groups:    []Group{{Name: "g", Codes: 2}},
		Columns:   []Column{{Field: field("k", arrow.BinaryTypes.String, false), Group: 0}, plain("v", arrow.BinaryTypes.String, false)},
	}
	batch := func(codes, values arrow.Array) func(*Writer) error {
		return func(w *Writer) error {
			return w.WriteBatch(Batch{Rows: 2, Codes: []arrow.Array{codes}, Plain: []arrow.Array{values}})
		}
	}
	dict := func(values arrow.Array) func(*Writer) error {
		return func(w *Writer) error { return w.WriteDictionary(0, values) }
	}
	section := func(w *Writer) error { return w.WriteSection("s", nil, false) }
	ok := dict(texts("a", "b"))
	type steps = []func(*Writer) error
	for _, c := range []struct {
		want  string
		steps steps
	}{
		{"want an array of 2 values", steps{dict(texts("a"))}},
		{"not nullable", steps{dict(nullText())}},
		{"array of uint8, want utf8", steps{dict(uint8s(1, 2))}},
		{"text is not UTF-8", steps{dict(texts("a", "\xff"))}},
		{"cut inside a rune", steps{dict(texts("\xc3", "\xb6"))}},
		{"every dictionary is written", steps{ok, ok}},
		{"the next one is", steps{func(w *Writer) error { return w.WriteDictionary(1, texts("a", "b")) }}},
		{"before the last dictionary", steps{batch(uint8s(0, 1), texts("x", "y"))}},
		{"code 2 of 2", steps{ok, batch(uint8s(0, 2), texts("x", "y"))}},
		{"want 2 codes", steps{ok, batch(uint8s(0), texts("x", "y"))}},
		{"codes are utf8, want uint8", steps{ok, batch(texts("x", "y"), texts("x", "y"))}},
		{"want an array of 2 values", steps{ok, batch(uint8s(0, 1), texts("x"))}},
		{"not full", steps{ok, batch(uint8s(0, 1), texts("x", "y")), batch(uint8s(0, 1), texts("x", "y"))}},
		{"after a section", steps{ok, section, batch(uint8s(0, 1), texts("x", "y"))}},
		{"name used twice", steps{ok, section, section}},
		{"closed before", steps{func(w *Writer) error { _, err := w.Close(Info{}); return err }}},
		{"want 1 and 1", steps{ok, func(w *Writer) error { return w.WriteBatch(Batch{Rows: 1}) }}},
		{"batch of 5 rows", steps{ok, func(w *Writer) error { return w.WriteBatch(Batch{Rows: 5}) }}},
	} {
		w, err := NewWriter(io.Discard, spec, Options{})
		for _, step := range c.steps {
			if err == nil {
				err = step(w)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
		if _, again := w.Close(Info{}); again == nil {
			t.Errorf("%s: closed after an error", c.want)
		}
	}
}

// TestTwinsMustAgree gives two members of one list group codes that differ.
func TestTwinsMustAgree(t *testing.T) {
	s := smallSample(t)
	list := s.batches[0].Plain[2].(*array.List)
	items := list.ListValues().(*array.Struct)
	other := make([]uint32, items.Len())
	copy(other, items.Field(0).(*array.Uint32).Values())
	for i := range other {
		other[i] = (other[i] + 1) % 4
	}
	b := array.NewUint32Builder(memory.DefaultAllocator)
	b.AppendValues(other, nil)
	fields := items.DataType().(*arrow.StructType).Fields()
	items, err := array.NewStructArrayWithFields([]arrow.Array{items.Field(0), b.NewArray()}, fields)
	if err != nil {
		t.Fatal(err)
	}
	d := list.Data()
	s.batches[0].Plain[2] = array.NewListData(array.NewData(d.DataType(), d.Len(), d.Buffers(), []arrow.ArrayData{items.Data()}, d.NullN(), d.Offset()))
	w, err := NewWriter(io.Discard, s.spec, Options{})
	for _, d := range s.dicts {
		if err == nil {
			err = w.writeDictionary(d.column, d.leaf, d.values)
		}
	}
	if err == nil {
		err = w.WriteBatch(s.batches[0])
	}
	if err == nil || !strings.Contains(err.Error(), "codes differ") {
		t.Errorf("got %v", err)
	}
}

// TestFullDisk fails at every write; the error is the disk's and stays.
func TestFullDisk(t *testing.T) {
	s := smallSample(t)
	for room := 0; ; room++ {
		out := &smallDisk{room: room}
		w, err := NewWriter(out, s.spec, Options{})
		for _, d := range s.dicts {
			if err == nil {
				err = w.writeDictionary(d.column, d.leaf, d.values)
			}
		}
		for _, b := range s.batches {
			if err == nil {
				err = w.WriteBatch(b)
			}
		}
		if err == nil {
			_, err = w.Close(s.info)
		}
		if err == nil {
			if room < 10 {
				t.Errorf("done after %d writes", room)
			}
			return
		}
		if !errors.Is(err, errDisk) {
			t.Fatalf("write %d: %v", room, err)
		}
		if w != nil {
			if _, err := w.Close(s.info); !errors.Is(err, errDisk) {
				t.Fatalf("write %d: close gave %v", room, err)
			}
		}
	}
}

type smallDisk struct {
	bytes.Buffer
	room int
}

func (d *smallDisk) Write(b []byte) (int, error) {
	if d.room--; d.room < 0 {
		return 0, errDisk
	}
	return d.Buffer.Write(b)
}

// TestClosedWriter writes to what is finished.
func TestClosedWriter(t *testing.T) {
	w, err := NewWriter(io.Discard, Spec{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(Info{}); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteSection("s", nil, false); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
	if _, err := w.Close(Info{}); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}
