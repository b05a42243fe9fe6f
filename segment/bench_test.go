package segment

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

const (
	benchRows    = 1 << 20
	benchColumns = 32
)

// benchFile has a million rows of 32 int64 columns that compress to about a
// third.
var benchFile = sync.OnceValue(func() []byte {
	spec, batches := benchInput()
	var out bytes.Buffer
	writeBench(&out, spec, batches)
	return out.Bytes()
})

func benchInput() (Spec, []Batch) {
	spec := Spec{ID: 1}
	for i := range benchColumns {
		spec.Columns = append(spec.Columns, plain(fmt.Sprint("c", i), arrow.PrimitiveTypes.Int64, false))
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	var batches []Batch
	for range benchRows / BatchRows {
		b := Batch{Rows: BatchRows}
		for range benchColumns {
			values := make([]int64, BatchRows)
			for i := range values {
				values[i] = int64(rnd.IntN(1 << 20))
			}
			buf := memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(values))
			data := array.NewData(arrow.PrimitiveTypes.Int64, BatchRows, []*memory.Buffer{nil, buf}, nil, 0, 0)
			b.Plain = append(b.Plain, array.NewInt64Data(data))
		}
		batches = append(batches, b)
	}
	return spec, batches
}

func writeBench(out io.Writer, spec Spec, batches []Batch) {
	w, err := NewWriter(out, spec, Options{})
	for _, b := range batches {
		if err == nil {
			err = w.WriteBatch(b)
		}
	}
	if err == nil {
		_, err = w.Close(Info{})
	}
	if err != nil {
		panic(err)
	}
}

// BenchmarkProjection sums one column of the file: opened, read, decoded.
func BenchmarkProjection(b *testing.B) {
	file := benchFile()
	b.Run("segment", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := open(b, file)
			var sum int64
			for i := range r.Batches() {
				a, err := r.Column(7, i)
				if err != nil {
					b.Fatal(err)
				}
				sum += sumInt64(a)
			}
			b.ReportMetric(float64(r.BytesRead()), "bytes-read")
		}
	})
	b.Run("arrow-go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f, err := ipc.NewFileReader(bytes.NewReader(file))
			if err != nil {
				b.Fatal(err)
			}
			var sum int64
			for i := range f.NumRecords() {
				rec, err := f.RecordBatchAt(i)
				if err != nil {
					b.Fatal(err)
				}
				sum += sumInt64(rec.Column(7))
				rec.Release()
			}
		}
	})
}

func sumInt64(a arrow.Array) (sum int64) {
	for _, v := range a.(*array.Int64).Values() {
		sum += v
	}
	return sum
}

// BenchmarkOpen opens a segment of 32 columns and 16 batches.
func BenchmarkOpen(b *testing.B) {
	file := benchFile()
	b.ReportAllocs()
	for b.Loop() {
		open(b, file)
	}
}

// BenchmarkWrite compresses and writes one batch of 32 columns, by level.
func BenchmarkWrite(b *testing.B) {
	spec, batches := benchInput()
	for _, level := range []int{1, 3} {
		b.Run(fmt.Sprint("level ", level), func(b *testing.B) {
			b.SetBytes(int64(BatchRows * benchColumns * 8))
			for b.Loop() {
				w, err := NewWriter(io.Discard, spec, Options{Level: level})
				if err == nil {
					err = w.WriteBatch(batches[0])
				}
				if err != nil {
					b.Fatal(err)
				}
				s, _ := w.Close(Info{})
				b.ReportMetric(float64(s.Bytes)/float64(BatchRows*benchColumns), "bytes/value")
			}
		})
	}
}
