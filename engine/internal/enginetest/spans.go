// Package enginetest makes random spans, filters and questions for the tests
// of the engine's packages, and tables from spans. The same random source
// gives the same output.
package enginetest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/spanstead/spanstead/engine/span"
)

// Base is the start time around which random spans lie.
const Base = uint64(1_780_000_000_000_000_000)

var words = []string{"", "GET", "get", "POST", "checkout", "Checkout", "api", "/api/v1/users", "/api/v2/ÜSER", "error", "500", "200", "1.5", "true", "x", "日本", "a\x00b"}

// Spans makes n random spans with distinct ids: a few services and scopes,
// traces of several spans with parents inside and outside, every type of
// value, repeated keys, events, links, odd times.
func Spans(r *rand.Rand, n int) []*span.Span {
	g := &maker{r: r}
	for range 6 {
		g.resources = append(g.resources, g.resource())
	}
	for range 4 {
		g.scopes = append(g.scopes, &span.Scope{
			Name: g.word(), Version: g.word(), SchemaURL: g.maybe(), Attributes: g.attributes(2),
			DroppedAttributesCount: uint32(r.IntN(2)),
		})
	}
	out := make([]*span.Span, 0, n)
	var traces []span.TraceID
	for i := range n {
		if len(traces) == 0 || r.IntN(6) == 0 {
			traces = append(traces, g.traceID())
		}
		s := g.span(uint64(i) + 1)
		s.TraceID = traces[max(0, len(traces)-1-r.IntN(3))]
		if i > 0 && r.IntN(4) > 0 {
			p := out[max(0, i-1-r.IntN(5))]
			s.ParentSpanID = p.SpanID
			if r.IntN(3) > 0 {
				s.TraceID = p.TraceID
			}
		}
		out = append(out, s)
	}
	return out
}

type maker struct {
	r         *rand.Rand
	resources []*span.Resource
	scopes    []*span.Scope
}

func (g *maker) word() string { return words[g.r.IntN(len(words))] }

func (g *maker) maybe() string {
	if g.r.IntN(3) > 0 {
		return ""
	}
	return g.word()
}

func (g *maker) traceID() (id span.TraceID) {
	for i := range id {
		id[i] = byte(g.r.Uint32())
	}
	return id
}

func (g *maker) resource() *span.Resource {
	res := &span.Resource{SchemaURL: g.maybe(), Attributes: g.attributes(3), DroppedAttributesCount: uint32(g.r.IntN(2))}
	switch g.r.IntN(8) {
	case 0: // no service
	case 1:
		res.Attributes = append(res.Attributes, span.KeyValue{Key: "service.name", Value: span.Int(7)})
	default:
		res.Attributes = append(res.Attributes, span.KeyValue{Key: "service.name", Value: span.String(fmt.Sprint("svc", g.r.IntN(3)))})
	}
	if g.r.IntN(4) == 0 {
		res.EntityRefs = []span.EntityRef{{SchemaURL: "s", Type: "service", IDKeys: []string{"service.name"}, DescriptionKeys: []string{"a", "b"}}}
	}
	return res
}

func (g *maker) span(n uint64) *span.Span {
	r := g.r
	s := &span.Span{
		Name: g.word(), Kind: span.Kind(r.IntN(7)), TraceState: g.maybe(), Flags: uint32(r.IntN(3)),
		Status:     span.Status{Message: g.maybe(), Code: span.StatusCode(r.IntN(3))},
		Attributes: g.attributes(6), DroppedAttributesCount: uint32(r.IntN(2)),
		DroppedEventsCount: uint32(r.IntN(2)), DroppedLinksCount: uint32(r.IntN(2)),
		Resource: g.resources[r.IntN(len(g.resources))], Scope: g.scopes[r.IntN(len(g.scopes))],
	}
	for i := range s.SpanID {
		s.SpanID[i] = byte(n >> (8 * (7 - i)))
	}
	s.SpanID[0] = byte(r.Uint32()) | 1
	s.StartTimeUnixNano = Base + uint64(r.Int64N(int64(20*60)*1e9))
	if r.IntN(5) == 0 {
		s.StartTimeUnixNano = Base + uint64(r.IntN(3))*60e9
	}
	s.EndTimeUnixNano = s.StartTimeUnixNano + uint64(math.Exp(r.NormFloat64()*3+14))
	switch r.IntN(30) {
	case 0:
		s.EndTimeUnixNano = 0
	case 1:
		s.EndTimeUnixNano = s.StartTimeUnixNano
	case 2:
		s.EndTimeUnixNano = s.StartTimeUnixNano - 5e9
	}
	for range max(0, r.IntN(5)-2) {
		s.Events = append(s.Events, span.Event{
			TimeUnixNano: s.StartTimeUnixNano + uint64(r.IntN(1000)), Name: g.word(),
			Attributes: g.attributes(3), DroppedAttributesCount: uint32(r.IntN(2)),
		})
	}
	for range max(0, r.IntN(6)-4) {
		l := span.Link{TraceID: g.traceID(), TraceState: g.maybe(), Attributes: g.attributes(2), Flags: uint32(r.IntN(2)), DroppedAttributesCount: uint32(r.IntN(2))}
		l.TraceID[0] |= 1
		l.SpanID[3] = byte(1 + r.IntN(4))
		s.Links = append(s.Links, l)
	}
	return s
}

// Keys are the attribute keys that random spans use, in any scope.
var Keys = []string{"a", "b", "http.status_code", "http.method", "user.id", "size", "service.name", "nested"}

func (g *maker) attributes(most int) []span.KeyValue {
	var out []span.KeyValue
	for range g.r.IntN(most + 1) {
		out = append(out, span.KeyValue{Key: Keys[g.r.IntN(6)], Value: g.value(2)})
	}
	if g.r.IntN(12) == 0 {
		out = append(out, span.KeyValue{Key: Keys[7], Value: g.value(3)})
	}
	return out
}

func (g *maker) value(depth int) span.Value { return RandomValue(g.r, depth) }

// RandomValue makes a value of any type, nested to the given depth.
func RandomValue(r *rand.Rand, depth int) span.Value {
	switch n := r.IntN(14); {
	case n < 5:
		return span.String(words[r.IntN(len(words))])
	case n < 7:
		return span.Int([]int64{0, 1, 200, 404, 500, -7, math.MaxInt64, int64(r.IntN(1000))}[r.IntN(8)])
	case n < 9:
		return span.Double([]float64{0, math.Copysign(0, -1), 1.5, 200, 1e300, math.NaN(), math.Inf(1), r.Float64()}[r.IntN(8)])
	case n < 10:
		return span.Bool(r.IntN(2) == 0)
	case n < 11:
		return span.Bytes([]byte(words[r.IntN(len(words))]))
	case n < 12 && depth > 0:
		list := make([]span.Value, r.IntN(3))
		for i := range list {
			list[i] = RandomValue(r, depth-1)
		}
		return span.Array(list...)
	case n < 13 && depth > 0:
		list := make([]span.KeyValue, r.IntN(3))
		for i := range list {
			list[i] = span.KeyValue{Key: words[r.IntN(len(words))], Value: RandomValue(r, depth-1)}
		}
		return span.KVList(list...)
	}
	return span.Value{}
}

// Rand is a random source of a seed.
func Rand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }
