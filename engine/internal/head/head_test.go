package head

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// options are heads that differ in what they do with the same spans.
var options = []Options{{}, {BatchRows: 64}, {Columns: 3, BatchRows: 100}}

func TestAnswers(t *testing.T) {
	for i, opt := range options {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint(i, "/", seed), func(t *testing.T) {
				r := seeded(t, seed)
				spans := enginetest.Spans(r, 1+r.IntN(300))
				h := New(opt)
				send(t, r, h, spans)
				checkAnswers(t, r, h.Snapshot(), spans, 25)
			})
		}
	}
}

func TestEmpty(t *testing.T) {
	checkAnswers(t, seeded(t, 1), New(Options{}).Snapshot(), nil, 10)
}

func TestSnapshotStaysAsItWas(t *testing.T) {
	r := seeded(t, 3)
	spans := enginetest.Spans(r, 300)
	h := New(Options{BatchRows: 128})
	var taken []*Snapshot
	var ends []int
	for at := 0; at < len(spans); {
		n := min(1+r.IntN(60), len(spans)-at)
		send(t, r, h, spans[at:at+n])
		at += n
		taken, ends = append(taken, h.Snapshot()), append(ends, at)
		if r.IntN(2) == 0 { // decode some in between
			checkAnswers(t, r, h.Snapshot(), spans[:at], 3)
		}
	}
	for i, s := range taken {
		checkAnswers(t, r, s, spans[:ends[i]], 6)
	}
}

func TestUnpublishedRowsAreNotSeen(t *testing.T) {
	r := seeded(t, 4)
	spans := enginetest.Spans(r, 200)
	h := New(Options{BatchRows: 64})
	_, err := h.Append(otlp.AppendRequest(nil, spans), nil)
	must(t, err)
	for _, n := range []int{0, 1, 63, 130, 130, 200, 999} {
		h.Publish(n)
		checkAnswers(t, r, h.Snapshot(), spans[:min(n, 200)], 10)
	}
	h.Publish(5)
	if n := h.Snapshot().Rows(); n != 200 {
		t.Errorf("%d rows visible after publishing fewer, want 200", n)
	}
}

func TestSameSpanAgain(t *testing.T) {
	r := seeded(t, 5)
	spans := enginetest.Spans(r, 300)
	h := New(Options{BatchRows: 64})
	send(t, r, h, spans[:200])
	changed := make([]*span.Span, 0, 300)
	for _, s := range spans {
		c := *s
		c.Name, c.Attributes = "again", nil
		changed = append(changed, &c)
	}
	request := otlp.AppendRequest(nil, slices.Concat(changed[:200], spans[200:], changed))
	result, err := h.Append(request, nil)
	must(t, err)
	if result.Accepted != 600 || h.Rows() != 300 {
		t.Errorf("%+v and %d rows, want 600 accepted and 300 rows", result, h.Rows())
	}
	h.Publish(h.Rows())
	checkAnswers(t, r, h.Snapshot(), spans, 20)
}

func TestOlderPartsAreAskedOnce(t *testing.T) {
	r := seeded(t, 6)
	all := enginetest.Spans(r, 300)
	older := map[span.TraceID]map[span.SpanID]bool{}
	var fresh []*span.Span
	for i, s := range all {
		switch {
		case i%3 == 0:
			if older[s.TraceID] == nil {
				older[s.TraceID] = map[span.SpanID]bool{}
			}
			older[s.TraceID][s.SpanID] = true
		default:
			fresh = append(fresh, s)
		}
	}
	h := New(Options{})
	settled := map[span.TraceID]bool{}
	for range 2 {
		for at := 0; at < len(all); at += 50 {
			asked := map[span.TraceID]bool{}
			result, err := h.Append(otlp.AppendRequest(nil, all[at:at+50]), func(id span.TraceID) func(span.SpanID) bool {
				if asked[id] || settled[id] {
					t.Errorf("trace %v asked for again", id)
				}
				asked[id] = true
				if older[id] == nil {
					settled[id] = true
					return nil
				}
				return func(id2 span.SpanID) bool { return older[id][id2] }
			})
			must(t, err)
			if result.Accepted != 50 {
				t.Errorf("%+v, want 50 accepted", result)
			}
		}
	}
	h.Publish(h.Rows())
	checkAnswers(t, r, h.Snapshot(), fresh, 10)
}

func TestMalformedRequestChangesNothing(t *testing.T) {
	r := seeded(t, 7)
	spans := enginetest.Spans(r, 400)
	h := New(Options{BatchRows: 64, Columns: 6})
	var kept []*span.Span
	for at := 0; at < len(spans); {
		n := min(1+r.IntN(30), len(spans)-at)
		request := otlp.AppendRequest(nil, spans[at:at+n])
		rows, before := h.Rows(), h.Snapshot()
		if at > 0 && r.IntN(2) == 0 {
			// A group is not part of the protocol, at whatever depth.
			bad := slices.Concat(request, []byte{0x0a, 3, 0x12, 1, 0x0b})
			if _, err := h.Append(bad, nil); !errors.Is(err, query.ErrInvalid) {
				t.Fatalf("error %v, want one that wraps query.ErrInvalid", err)
			}
			if h.Rows() != rows {
				t.Fatalf("%d rows after a malformed request, want %d", h.Rows(), rows)
			}
			h.Publish(h.Rows())
			if h.Snapshot() != before && h.Snapshot().Rows() != rows {
				t.Fatal("a malformed request is seen")
			}
			if r.IntN(3) == 0 {
				at += n // never sent again
				continue
			}
		}
		send(t, r, h, spans[at:at+n])
		kept = append(kept, spans[at:at+n]...)
		at += n
		if r.IntN(4) == 0 {
			checkAnswers(t, r, h.Snapshot(), kept, 4)
		}
	}
	checkAnswers(t, r, h.Snapshot(), kept, 30)
	checkSealed(t, r, h, kept)
}

func TestMalformedRequestsHoldNoMemory(t *testing.T) {
	r := seeded(t, 8)
	h := New(Options{})
	send(t, r, h, enginetest.Spans(r, 100))
	var size int64
	for i := range 50 {
		bad := append(otlp.AppendRequest(nil, enginetest.Spans(r, 100)), 0x0b)
		if _, err := h.Append(bad, nil); err == nil {
			t.Fatal("no error")
		}
		if i == 0 {
			size = h.Bytes()
		}
	}
	if got := h.Bytes(); got > size*3/2 {
		t.Errorf("%d bytes after 50 malformed requests, %d after one", got, size)
	}
}

func TestTruncate(t *testing.T) {
	for i, opt := range options {
		r := seeded(t, uint64(20+i))
		spans := enginetest.Spans(r, 300)
		h := New(opt)
		var kept []*span.Span
		type seen struct {
			snapshot *Snapshot
			rows     int
		}
		var taken []seen
		for at := 0; at < len(spans); {
			n := min(1+r.IntN(60), len(spans)-at)
			base := h.Rows()
			_, err := h.Append(otlp.AppendRequest(nil, spans[at:at+n]), nil)
			must(t, err)
			switch r.IntN(3) {
			case 0: // some of the rows go, and a snapshot is taken in between
				k := r.IntN(n + 1)
				p := r.IntN(k + 1)
				h.Publish(base + p)
				taken = append(taken, seen{h.Snapshot(), base + p})
				h.Truncate(base + k)
				n = k
			case 1: // they go and come again
				h.Truncate(base)
				_, err := h.Append(otlp.AppendRequest(nil, spans[at:at+n]), nil)
				must(t, err)
			}
			kept = append(kept, spans[at:at+n]...)
			at += max(n, 1)
			h.Publish(h.Rows())
		}
		checkAnswers(t, r, h.Snapshot(), kept, 15)
		for _, s := range taken {
			checkAnswers(t, r, s.snapshot, kept[:s.rows], 2)
		}
		checkSealed(t, r, h, kept)
		h.Truncate(0)
		if h.Rows() != len(kept) {
			t.Errorf("published rows were dropped: %d of %d left", h.Rows(), len(kept))
		}
	}
}

func TestDeleteTrace(t *testing.T) {
	for i, opt := range options {
		r := seeded(t, uint64(40+i))
		spans := enginetest.Spans(r, 400)
		h := New(opt)
		send(t, r, h, spans)
		before := h.Snapshot()
		live := slices.Clone(spans)
		for range 25 {
			id := spans[r.IntN(len(spans))].TraceID
			of := func(s *span.Span) bool { return s.TraceID == id }
			gone := slices.DeleteFunc(slices.Clone(live), func(s *span.Span) bool { return !of(s) })
			if n := h.DeleteTrace(id); n != len(gone) {
				t.Fatalf("%d rows deleted, want %d", n, len(gone))
			}
			live = slices.DeleteFunc(live, of)
			if r.IntN(2) == 0 && len(gone) > 0 {
				again := gone[:1+r.IntN(len(gone))]
				send(t, r, h, slices.Concat(again, again))
				live = append(live, again...)
			}
		}
		checkAnswers(t, r, h.Snapshot(), live, 15)
		checkAnswers(t, r, before, spans, 10)
		checkSealed(t, r, h, live)
		if n := h.DeleteTrace(span.TraceID{9}); n != 0 {
			t.Errorf("%d rows of an unknown trace deleted", n)
		}
	}
}

func TestDeletedTraceIsAskedForAgain(t *testing.T) {
	r := seeded(t, 9)
	spans := enginetest.Spans(r, 1)
	h := New(Options{})
	request := otlp.AppendRequest(nil, spans)
	asked := 0
	known := func(span.TraceID) func(span.SpanID) bool { asked++; return nil }
	for range 2 {
		_, err := h.Append(request, known)
		must(t, err)
	}
	h.Publish(1)
	h.DeleteTrace(spans[0].TraceID)
	for range 2 {
		_, err := h.Append(request, known)
		must(t, err)
	}
	if asked != 2 || h.Rows() != 2 {
		t.Errorf("asked %d times for %d rows, want 2 and 2", asked, h.Rows())
	}
}

func TestTruncateAfterResend(t *testing.T) {
	r := seeded(t, 10)
	spans := enginetest.Spans(r, 50)
	h := New(Options{})
	send(t, r, h, spans)
	h.DeleteTrace(spans[0].TraceID)
	request := otlp.AppendRequest(nil, spans)
	rows := h.Rows()
	for range 3 {
		_, err := h.Append(request, nil)
		must(t, err)
		if h.Rows() == rows {
			t.Fatal("deleted spans were not taken again")
		}
		h.Truncate(rows)
	}
	send(t, r, h, spans)
	checkAnswers(t, r, h.Snapshot(), spans, 20)
}

func TestSealed(t *testing.T) {
	for i, opt := range options {
		r := seeded(t, uint64(60+i))
		spans := enginetest.Spans(r, 500)
		h := New(opt)
		send(t, r, h, spans)
		checkSealed(t, r, h, spans)
	}
}

// checkSealed makes a segment of the head and asks that.
func checkSealed(t *testing.T, r *rand.Rand, h *Head, spans []*span.Span) {
	t.Helper()
	tab, err := h.Table()
	must(t, err)
	var out bytes.Buffer
	_, err = table.Build(tab, &out, table.Options{ID: 1})
	must(t, err)
	p, err := part.Open(bytes.NewReader(out.Bytes()), int64(out.Len()), part.NewCache(0))
	must(t, err)
	checkAnswers(t, r, p, spans, 6)
}

func TestSourcesInAnyOrderAreOne(t *testing.T) {
	h := New(Options{})
	a := span.KeyValue{Key: "a", Value: span.Int(1)}
	b := span.KeyValue{Key: "b", Value: span.Int(2)}
	for i, kvs := range [][]span.KeyValue{{a, b}, {b, a}, {a, b}, {a}} {
		s := &span.Span{
			TraceID: span.TraceID{1}, SpanID: span.SpanID{byte(i + 1)},
			Resource: &span.Resource{Attributes: kvs}, Scope: &span.Scope{Attributes: kvs},
		}
		_, err := h.Append(otlp.AppendRequest(nil, []*span.Span{s}), nil)
		must(t, err)
	}
	h.Publish(4)
	spans, err := h.Snapshot().Fetch([]uint32{0, 1, 2, 3})
	must(t, err)
	if spans[0].Resource != spans[1].Resource || spans[0].Resource != spans[2].Resource || spans[0].Resource == spans[3].Resource {
		t.Error("equal resources are not shared, or others are")
	}
	if spans[0].Scope != spans[1].Scope || spans[0].Scope == spans[3].Scope {
		t.Error("equal scopes are not shared, or others are")
	}
}

func TestManyKeys(t *testing.T) {
	h := New(Options{})
	var spans []*span.Span
	for i := range 300 {
		s := &span.Span{TraceID: span.TraceID{1}, SpanID: span.SpanID{1, byte(i), byte(i >> 8)}, StartTimeUnixNano: enginetest.Base}
		for k := range 5 {
			s.Attributes = append(s.Attributes, span.KeyValue{Key: fmt.Sprint("key", i*5+k), Value: span.Int(int64(k))})
		}
		spans = append(spans, s)
	}
	r := seeded(t, 11)
	send(t, r, h, spans)
	if n := len(h.columns); n != DefaultColumns {
		t.Errorf("%d columns, want %d", n, DefaultColumns)
	}
	for _, key := range []string{"key7", "key1400"} {
		f := query.Attr(query.ScopeSpan, key)
		checkCounts(t, r, h.Snapshot(), enginetest.CanonicalAll(spans), query.Exists{Field: f}, query.Range{})
	}
	checkAnswers(t, r, h.Snapshot(), spans, 5)
}
