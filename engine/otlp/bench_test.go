package otlp

import (
	"fmt"
	"testing"

	"github.com/spanstead/spanstead/engine/span"
)

// workload is a request of n spans with 14 attributes and about 650 bytes each.
func workload(n int) []*span.Span {
	res := &span.Resource{Attributes: []span.KeyValue{
		{Key: "service.name", Value: span.String("checkout")},
		{Key: "service.version", Value: span.String("1.14.2")},
		{Key: "host.name", Value: span.String("node-17.eu-west-1.compute.internal")},
	}}
	scope := &span.Scope{Name: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", Version: "0.61.0"}
	spans := make([]*span.Span, n)
	for i := range spans {
		spans[i] = &span.Span{
			TraceID: span.TraceID{1, byte(i), byte(i >> 8)}, SpanID: span.SpanID{2, byte(i), byte(i >> 8)},
			ParentSpanID: span.SpanID{3, byte(i)}, Name: "GET /api/v1/carts/{cart}/items", Kind: span.KindServer,
			StartTimeUnixNano: 1780319200000000000 + uint64(i)*1e6, EndTimeUnixNano: 1780319200000000000 + uint64(i)*1e6 + 48213,
			Attributes: []span.KeyValue{
				{Key: "http.request.method", Value: span.String("GET")},
				{Key: "http.route", Value: span.String("/api/v1/carts/{cart}/items")},
				{Key: "http.response.status_code", Value: span.Int(200)},
				{Key: "http.target", Value: span.String(fmt.Sprintf("/api/v1/carts/%d/items?page=%d", 1000+i, i%7))},
				{Key: "http.url", Value: span.String(fmt.Sprintf("https://shop.example.com/api/v1/carts/%d/items?page=%d", 1000+i, i%7))},
				{Key: "net.peer.name", Value: span.String("shop.example.com")},
				{Key: "net.peer.port", Value: span.Int(443)},
				{Key: "user_agent.original", Value: span.String("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101")},
				{Key: "client.address", Value: span.String("10.17.204.33")},
				{Key: "network.protocol.version", Value: span.String("1.1")},
				{Key: "thread.id", Value: span.Int(int64(i % 40))},
				{Key: "thread.name", Value: span.String("worker-12")},
				{Key: "cart.total", Value: span.Double(129.95)},
				{Key: "cache.hit", Value: span.Bool(i%3 == 0)},
			},
			Resource: res, Scope: scope,
		}
	}
	return spans
}

func perSpan(b *testing.B, n, bytes int) {
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "spans/s")
	b.ReportMetric(float64(bytes)/float64(n), "B/span")
}

func BenchmarkWalk(b *testing.B) {
	const n = 1000
	request := AppendRequest(nil, workload(n))
	b.SetBytes(int64(len(request)))
	b.ReportAllocs()
	for b.Loop() {
		if r, err := Walk(request, ignore{}); err != nil || r.Accepted != n {
			b.Fatal(r, err)
		}
	}
	perSpan(b, n, len(request))
}

func BenchmarkDecodeSpans(b *testing.B) {
	const n = 1000
	request := AppendRequest(nil, workload(n))
	b.SetBytes(int64(len(request)))
	for b.Loop() {
		if _, _, err := DecodeSpans(request); err != nil {
			b.Fatal(err)
		}
	}
	perSpan(b, n, len(request))
}

func BenchmarkAppendRequest(b *testing.B) {
	const n = 1000
	spans := workload(n)
	request := AppendRequest(nil, spans)
	b.SetBytes(int64(len(request)))
	b.ReportAllocs()
	for b.Loop() {
		request = AppendRequest(request[:0], spans)
	}
	perSpan(b, n, len(request))
}

// ignore is a handler that does nothing.
type ignore struct{}

func (ignore) Resource(*ResourceView) {}
func (ignore) Scope(*ScopeView)       {}
func (ignore) Span(*SpanView)         {}
