// Package columns turns export requests into Arrow records for databases, and
// records of what those answer into the answers that package bench compares.
//
// There are two layouts. The exporter's is that of OpenTelemetry's ClickHouse
// exporter: names, enumerations and ids as text, attributes as maps of text. The
// other has typed columns: ids and times are numbers, and every attribute that
// is known to be asked for has a column of its own type; only the others are in
// maps.
package columns

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/spanstead/spanstead/engine/span"
)

// Layout says how spans become columns.
type Layout struct {
	schema *arrow.Schema
	hot    []hotColumn // none in the exporter's layout
	typed  bool
}

// hotColumn is an attribute with a column of its own, named "span." or
// "resource." and its key.
type hotColumn struct {
	resource bool
	key      string
	typ      span.Type
}

func (h hotColumn) name() string {
	if h.resource {
		return resourcePrefix + h.key
	}
	return spanPrefix + h.key
}

const (
	spanPrefix     = "span."
	resourcePrefix = "resource."
)

var (
	text       = arrow.BinaryTypes.String
	texts      = arrow.ListOfNonNullable(text)
	attributes = arrow.MapOf(text, text)
	nanos      = &arrow.TimestampType{Unit: arrow.Nanosecond}
	u64        = arrow.PrimitiveTypes.Uint64
)

func field(name string, t arrow.DataType) arrow.Field { return arrow.Field{Name: name, Type: t} }

// nested are the columns of events and links, the same in both layouts.
var nested = []arrow.Field{
	field("Events.Timestamp", arrow.ListOfNonNullable(nanos)),
	field("Events.Name", texts),
	field("Events.Attributes", arrow.ListOfNonNullable(attributes)),
	field("Links.TraceId", texts),
	field("Links.SpanId", texts),
	field("Links.TraceState", texts),
	field("Links.Attributes", arrow.ListOfNonNullable(attributes)),
}

// Exporter is the layout of OpenTelemetry's ClickHouse exporter.
func Exporter() *Layout {
	fields := []arrow.Field{
		field("Timestamp", nanos),
		field("TraceId", text),
		field("SpanId", text),
		field("ParentSpanId", text),
		field("TraceState", text),
		field("SpanName", text),
		field("SpanKind", text),
		field("ServiceName", text),
		field("ResourceAttributes", attributes),
		field("ScopeName", text),
		field("ScopeVersion", text),
		field("SpanAttributes", attributes),
		field("Duration", u64),
		field("StatusCode", text),
		field("StatusMessage", text),
	}
	return &Layout{schema: arrow.NewSchema(append(fields, nested...), nil)}
}

// Typed is the layout with a column for each attribute of the workload. The
// keys that a span has are also one text, in SpanKeys and ResourceKeys, of which
// there are few different ones.
func Typed() *Layout {
	fields := []arrow.Field{
		field("Start", arrow.PrimitiveTypes.Int64),
		field("Duration", arrow.PrimitiveTypes.Int64),
		field("TraceHi", u64),
		field("TraceLo", u64),
		field("Span", u64),
		field("Parent", u64), // zero for none
		field("TraceState", text),
		field("SpanName", text),
		field("Kind", arrow.PrimitiveTypes.Uint8),
		field("Status", arrow.PrimitiveTypes.Uint8),
		field("StatusMessage", text),
		field("ScopeName", text),
		field("ScopeVersion", text),
		field("SpanKeys", text),
		field("ResourceKeys", text),
		field("SpanAttributes", attributes),
		field("ResourceAttributes", attributes),
	}
	l := &Layout{typed: true, hot: workloadAttributes()}
	for _, h := range l.hot {
		t := map[span.Type]arrow.DataType{
			span.TypeString: text, span.TypeInt: arrow.PrimitiveTypes.Int64,
			span.TypeDouble: arrow.PrimitiveTypes.Float64, span.TypeBool: arrow.FixedWidthTypes.Boolean,
		}[h.typ]
		fields = append(fields, arrow.Field{Name: h.name(), Type: t, Nullable: true})
	}
	l.schema = arrow.NewSchema(append(fields, nested...), nil)
	return l
}

func workloadAttributes() []hotColumn {
	var hot []hotColumn
	for _, key := range []string{
		"service.name", "service.namespace", "service.version", "deployment.environment", "k8s.namespace.name",
		"k8s.pod.name", "host.name", "telemetry.sdk.name", "telemetry.sdk.language", "telemetry.sdk.version",
	} {
		hot = append(hot, hotColumn{true, key, span.TypeString})
	}
	for _, key := range []string{
		"user.id", "http.method", "http.route", "http.target", "http.url", "net.peer.name", "db.system", "db.statement", "thread.name",
	} {
		hot = append(hot, hotColumn{false, key, span.TypeString})
	}
	return append(hot,
		hotColumn{false, "http.status_code", span.TypeInt},
		hotColumn{false, "http.response_content_length", span.TypeInt},
		hotColumn{false, "thread.id", span.TypeInt},
		hotColumn{false, "app.wait_ms", span.TypeDouble},
		hotColumn{false, "app.cached", span.TypeBool})
}
