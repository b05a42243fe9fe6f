package segment

import (
	"bytes"
	"context"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/google/go-cmp/cmp"
)

func open(t testing.TB, file []byte) *Reader {
	t.Helper()
	r, err := Open(bytes.NewReader(file), int64(len(file)), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantArray(t *testing.T, what string, want, got arrow.Array, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !array.Equal(want, got) {
		t.Fatalf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	s := newSample(t, sampleSpec(50), 120)
	file := s.write(t, Options{})
	r := open(t, file)
	want := s.info
	want.Rows = 120
	if d := cmp.Diff(want, r.Info()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(s.spec.Groups, r.Spec().Groups); d != "" {
		t.Error(d)
	}
	for i, c := range s.spec.Columns {
		got := r.Spec().Columns[i]
		if !got.Field.Equal(c.Field) || got.Group != c.Group || cmp.Diff(c.Inner, got.Inner) != "" {
			t.Errorf("column %d: got %v, want %v", i, got, c)
		}
	}
	if r.Spec().ID != 12 || r.Spec().BatchRows != 50 || r.Rows() != 120 || r.Batches() != 3 || r.BatchLen(2) != 20 {
		t.Errorf("spec %v, %d rows in %d batches", r.Spec(), r.Rows(), r.Batches())
	}
	s.compare(t, r)
	if err := r.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	if again := s.write(t, Options{}); !bytes.Equal(file, again) {
		t.Error("the same input gave other bytes")
	}
}

// compare reads everything through r and holds it against the input.
func (s *sample) compare(t *testing.T, r *Reader) {
	t.Helper()
	for _, d := range s.dicts {
		got, err := r.Dictionary(d.column)
		if d.leaf >= 0 {
			got, err = r.InnerDictionary(d.column, d.leaf)
		}
		wantArray(t, "dictionary", d.values, got, err)
	}
	for i, b := range s.batches {
		for g, codes := range b.Codes {
			if codes != nil {
				got, err := r.Codes(g, i)
				wantArray(t, s.spec.Groups[g].Name, codes, got, err)
			}
		}
		left := b.Plain
		for c, column := range s.spec.Columns {
			if column.Group == Plain {
				got, err := r.Column(c, i)
				wantArray(t, column.Field.Name, left[0], got, err)
				left = left[1:]
			}
		}
	}
	var names []string
	for _, x := range s.sections {
		names = append(names, x.name)
		got, err := r.Section(x.name)
		if err != nil || !bytes.Equal(got, s.data[x.name]) {
			t.Errorf("section %s: %q, %v", x.name, got, err)
		}
	}
	if d := cmp.Diff(names, r.Sections()); d != "" {
		t.Error(d)
	}
}

// TestArrowReader opens a segment with arrow-go's own reader.
func TestArrowReader(t *testing.T) {
	s := newSample(t, sampleSpec(50), 120)
	file := s.write(t, Options{})
	f, err := ipc.NewFileReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if f.NumRecords() != len(s.batches) {
		t.Fatalf("%d batches", f.NumRecords())
	}
	for i, b := range s.batches {
		rec, err := f.RecordBatchAt(i)
		if err != nil {
			t.Fatal(err)
		}
		s.compareRecord(t, rec, b)
	}
}

func (s *sample) compareRecord(t *testing.T, rec arrow.RecordBatch, b Batch) {
	t.Helper()
	left, dicts := b.Plain, s.dicts
	for c, column := range s.spec.Columns {
		got := rec.Column(c)
		if f := rec.Schema().Field(c); f.Name != column.Field.Name || !f.Metadata.Equal(column.Field.Metadata) {
			t.Errorf("field %v, want %v", f, column.Field)
		}
		if column.Group != Plain {
			d := got.(*array.Dictionary)
			wantArray(t, column.Field.Name, b.Codes[column.Group], d.Indices(), nil)
			wantArray(t, column.Field.Name, dicts[0].values, d.Dictionary(), nil)
			dicts = dicts[1:]
			continue
		}
		dicts = compareInner(t, dicts, got)
		stored := array.MakeFromData(stripDictionaries(got.Data()))
		wantArray(t, column.Field.Name, left[0], stored, nil)
		left = left[1:]
	}
}

// compareInner checks the dictionaries inside a nested array, depth first.
func compareInner(t *testing.T, dicts []sampleDict, a arrow.Array) []sampleDict {
	t.Helper()
	switch a := a.(type) {
	case *array.Dictionary:
		wantArray(t, "inner dictionary", dicts[0].values, a.Dictionary(), nil)
		return dicts[1:]
	case *array.List:
		return compareInner(t, dicts, a.ListValues())
	case *array.Struct:
		for i := range a.NumField() {
			dicts = compareInner(t, dicts, a.Field(i))
		}
	}
	return dicts
}

// stripDictionaries turns an Arrow array into our storage type.
func stripDictionaries(d arrow.ArrayData) arrow.ArrayData {
	var kids []arrow.ArrayData
	for _, k := range d.Children() {
		kids = append(kids, stripDictionaries(k))
	}
	return array.NewData(StorageType(d.DataType()), d.Len(), d.Buffers(), kids, d.NullN(), d.Offset())
}
