package engine

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
)

func TestArrowThereAndBack(t *testing.T) {
	s, err := Open(Options{SealRows: 700, Inline: true, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	spans := enginetest.CanonicalAll(enginetest.Spans(enginetest.Rand(3), 2500))
	if _, err := s.Append(t.Context(), "", otlp.AppendRequest(nil, spans)); err != nil {
		t.Fatal(err)
	}
	for _, filter := range []query.Expr{nil, query.Cmp(query.Kind, query.OpEq, query.Typed, span.Int(2)), query.Const(false)} {
		want := oracle.Spans(spans, query.Spans{Filter: filter, Limit: query.MaxLimit}).Spans
		var file bytes.Buffer
		n, err := s.WriteArrow(t.Context(), "", query.Spans{Filter: filter, Descending: true}, &file)
		if err != nil || n != len(want) {
			t.Fatalf("%d rows of %d, %v", n, len(want), err)
		}
		if n == 0 {
			if file.Len() > 0 {
				t.Error("a file without rows")
			}
			continue
		}
		var got []*span.Span
		err = ReadArrow(t.Context(), bytes.NewReader(file.Bytes()), int64(file.Len()), func(some []*span.Span) error {
			got = append(got, some...)
			return nil
		})
		if d := cmp.Diff(want, got, same); err != nil || d != "" {
			t.Errorf("%v, (-want +got)\n%s", err, d)
		}
	}
	if err := ReadArrow(t.Context(), bytes.NewReader([]byte("ARROW1")), 6, nil); !errors.Is(err, query.ErrCorrupt) {
		t.Error(err)
	}
}
