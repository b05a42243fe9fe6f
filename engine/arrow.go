package engine

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/spanstead/spanstead/engine/internal/head"
	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/segment"
)

// arrowChunk is how many spans are handled at a time.
const arrowChunk = 1000

// WriteArrow writes the spans that q asks for (Limit 0 means all) as one
// segment, an Arrow IPC file, and returns how many there are. Without any,
// nothing is written: a segment has rows. The columns are held in memory until
// they are written; w is not closed.
func (s *Store) WriteArrow(ctx context.Context, workspace string, q query.Spans, w io.Writer) (int, error) {
	h := head.New(head.Options{Columns: s.opt.Columns})
	var chunk []*span.Span
	var request []byte
	var failed error
	flush := func() bool {
		request = otlp.AppendRequest(request[:0], chunk)
		if _, err := h.Append(request, nil); err != nil {
			failed = err
		}
		chunk = chunk[:0]
		return failed == nil
	}
	err := s.Each(ctx, workspace, q, func(s *span.Span) bool {
		chunk = append(chunk, s)
		return len(chunk) < arrowChunk || flush()
	})
	if err == nil && failed == nil {
		flush()
	}
	if err := firstError(err, failed); err != nil || h.Rows() == 0 {
		return 0, err
	}
	t, err := h.Table()
	if err != nil {
		return 0, err
	}
	_, err = table.Build(t, w, table.Options{ID: 1, BatchRows: s.opt.BatchRows, Columns: s.opt.Columns, Info: segment.Info{}})
	return t.Rows(), err
}

// ReadArrow calls fn with the spans of a segment file, a chunk at a time, in
// the order of their start. The file is checked as it is read: damage is
// query.ErrCorrupt, and so is an Arrow file that is no segment.
func ReadArrow(ctx context.Context, r io.ReaderAt, size int64, fn func([]*span.Span) error) error {
	p, err := part.Open(r, size, part.NewCache(0))
	if err != nil {
		return err
	}
	if p.Rows() > math.MaxInt32 {
		return fmt.Errorf("%w: %d rows", query.ErrCorrupt, p.Rows())
	}
	var rows []uint32
	for from := 0; from < p.Rows(); from += arrowChunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows = rows[:0]
		for row := from; row < min(from+arrowChunk, p.Rows()); row++ {
			rows = append(rows, uint32(row))
		}
		spans, err := p.Fetch(rows)
		if err != nil {
			return err
		}
		if err := fn(spans); err != nil {
			return err
		}
	}
	return nil
}
