// Package otlp turns OpenTelemetry's trace protocol into the store's spans and
// back: protobuf and JSON forms of
// opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest.
//
// Walk reads a request straight from its bytes and hands out views that point
// into them; DecodeSpans builds spans with it. AppendRequest and AppendJSON
// write requests. JSONToProto turns the JSON form into the protobuf form, so
// that there is one way in. Everything here is a pure function of its
// arguments and safe for concurrent use; views are good only during the call
// that hands them out.
//
// What is one and the same for OTLP is one and the same here. In particular:
// an attribute without a value has the empty value, a parent id of eight zero
// bytes is no parent, a missing resource or scope is an empty one, and fields
// that only the profiling signal uses are ignored.
package otlp
