package enginetest

import (
	"math/rand/v2"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Expr makes a random filter that has something to do with the spans.
func Expr(r *rand.Rand, spans []*span.Span, depth int) query.Expr {
	if depth > 0 {
		switch r.IntN(6) {
		case 0:
			return query.And{Expr(r, spans, depth-1), Expr(r, spans, depth-1)}
		case 1:
			return query.Or{Expr(r, spans, depth-1), Expr(r, spans, depth-1)}
		case 2:
			return query.Not{X: Expr(r, spans, depth-1)}
		}
	}
	f := Field(r)
	switch r.IntN(12) {
	case 0:
		return query.Exists{Field: f}
	case 1:
		return query.Const(r.IntN(3) > 0)
	}
	return compare(r, spans, f)
}

// Field picks any field, intrinsic or attribute.
func Field(r *rand.Rand) query.Field {
	if r.IntN(2) == 0 {
		return query.Intrinsics[r.IntN(len(query.Intrinsics))]
	}
	return query.Attr(query.ScopeSpan+query.Scope(r.IntN(6)), Keys[r.IntN(len(Keys))])
}

var patterns = []string{"api", "^GET$", "^/api/v[0-9]+", "(?i)check", ".", "o.*t", "[0-9]+", "^$", "us?e+r", "日."}

func compare(r *rand.Rand, spans []*span.Span, f query.Field) query.Expr {
	c := query.Compare{
		Field: f, Op: query.Op(r.IntN(9)), View: query.View(r.IntN(3)), Fold: r.IntN(4) == 0,
		Each: r.IntN(4) == 0, Missing: r.IntN(4) == 0,
	}
	value := func() span.Value {
		if len(spans) > 0 && r.IntN(4) > 0 {
			if vs := query.AppendValues(nil, spans[r.IntN(len(spans))], f); len(vs) > 0 {
				return vs[r.IntN(len(vs))]
			}
		}
		return RandomValue(r, 1)
	}
	c.Values = []span.Value{value()}
	switch {
	case c.Op == query.OpRegexp:
		c.Values[0] = span.String(patterns[r.IntN(len(patterns))])
	case c.Op == query.OpEq:
		for range r.IntN(3) {
			c.Values = append(c.Values, value())
		}
	case c.Op >= query.OpContains && c.Values[0].Type() == span.TypeString:
		s := []rune(c.Values[0].Str())
		from := r.IntN(len(s) + 1)
		c.Values[0] = span.String(string(s[from : from+r.IntN(len(s)-from+1)]))
	}
	if c.Op >= query.OpContains && c.View == query.Number {
		c.View = query.Text
	}
	if c.View == query.Text && f.Scope != query.ScopeIntrinsic && r.IntN(4) == 0 {
		c.Member = words[r.IntN(len(words))]
	}
	e, err := query.NewCompare(c)
	if err != nil {
		panic(err)
	}
	return e
}

// Range makes a random range, often all of time.
func Range(r *rand.Rand) query.Range {
	at := func() uint64 {
		return Base + uint64(r.Int64N(int64(21*60)*1e9))
	}
	switch r.IntN(4) {
	case 0:
		return query.Range{From: at()}
	case 1:
		return query.Range{To: at()}
	case 2:
		a, b := at(), at()
		return query.Range{From: min(a, b), To: max(a, b)}
	}
	return query.Range{}
}
