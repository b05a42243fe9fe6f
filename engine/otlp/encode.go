package otlp

import (
	"encoding/binary"
	"math"

	"github.com/spanstead/spanstead/engine/span"
)

// AppendRequest appends the spans as one protobuf ExportTraceServiceRequest.
// Neighbours whose resource is the same, or equal, share one ResourceSpans,
// and likewise one ScopeSpans, so that the spans keep their order. A nil
// resource or scope is written as an empty one.
func AppendRequest(dst []byte, spans []*span.Span) []byte {
	for len(spans) > 0 {
		n := sameResource(spans)
		var at int
		dst, at = open(dst, tagRequestResourceSpans)
		dst = appendResourceSpans(dst, spans[:n])
		dst = shut(dst, at)
		spans = spans[n:]
	}
	return dst
}

func appendResourceSpans(dst []byte, spans []*span.Span) []byte {
	r := resourceOf(spans[0])
	dst, at := open(dst, tagResourceSpansResource)
	dst = appendResource(dst, r)
	dst = shut(dst, at)
	for len(spans) > 0 {
		n := sameScope(spans)
		dst, at = open(dst, tagResourceSpansScope)
		dst = appendScopeSpans(dst, spans[:n])
		dst = shut(dst, at)
		spans = spans[n:]
	}
	return appendText(dst, tagResourceSpansSchemaURL, r.SchemaURL)
}

func appendScopeSpans(dst []byte, spans []*span.Span) []byte {
	s := scopeOf(spans[0])
	dst, at := open(dst, tagScopeSpansScope)
	dst = appendScope(dst, s)
	dst = shut(dst, at)
	for _, s := range spans {
		dst, at = open(dst, tagScopeSpansSpan)
		dst = appendSpan(dst, s)
		dst = shut(dst, at)
	}
	return appendText(dst, tagScopeSpansSchemaURL, s.SchemaURL)
}

func appendResource(dst []byte, r *span.Resource) []byte {
	dst = appendAttributes(dst, tagResourceAttribute, r.Attributes)
	dst = appendNumber(dst, tagResourceDropped, uint64(r.DroppedAttributesCount))
	for _, e := range r.EntityRefs {
		var at int
		dst, at = open(dst, tagResourceEntity)
		dst = appendText(dst, tagEntitySchemaURL, e.SchemaURL)
		dst = appendText(dst, tagEntityType, e.Type)
		for _, k := range e.IDKeys {
			dst = appendField(dst, tagEntityIDKey, k)
		}
		for _, k := range e.DescriptionKeys {
			dst = appendField(dst, tagEntityDescriptionKey, k)
		}
		dst = shut(dst, at)
	}
	return dst
}

func appendScope(dst []byte, s *span.Scope) []byte {
	dst = appendText(dst, tagScopeName, s.Name)
	dst = appendText(dst, tagScopeVersion, s.Version)
	dst = appendAttributes(dst, tagScopeAttribute, s.Attributes)
	return appendNumber(dst, tagScopeDropped, uint64(s.DroppedAttributesCount))
}

func appendSpan(dst []byte, s *span.Span) []byte {
	dst = append(dst, tagSpanTraceID, byte(len(s.TraceID)))
	dst = append(dst, s.TraceID[:]...)
	dst = append(dst, tagSpanSpanID, byte(len(s.SpanID)))
	dst = append(dst, s.SpanID[:]...)
	dst = appendText(dst, tagSpanTraceState, s.TraceState)
	if !s.ParentSpanID.IsZero() {
		dst = append(dst, tagSpanParentSpanID, byte(len(s.ParentSpanID)))
		dst = append(dst, s.ParentSpanID[:]...)
	}
	dst = appendText(dst, tagSpanName, s.Name)
	dst = appendNumber(dst, tagSpanKind, uint64(int64(s.Kind)))
	dst = appendFixed64(dst, tagSpanStart, s.StartTimeUnixNano)
	dst = appendFixed64(dst, tagSpanEnd, s.EndTimeUnixNano)
	dst = appendAttributes(dst, tagSpanAttribute, s.Attributes)
	dst = appendNumber(dst, tagSpanDroppedAttributes, uint64(s.DroppedAttributesCount))
	var at int
	for i := range s.Events {
		dst, at = open(dst, tagSpanEvent)
		dst = appendEvent(dst, &s.Events[i])
		dst = shut(dst, at)
	}
	dst = appendNumber(dst, tagSpanDroppedEvents, uint64(s.DroppedEventsCount))
	for i := range s.Links {
		dst, at = open(dst, tagSpanLink)
		dst = appendLink(dst, &s.Links[i])
		dst = shut(dst, at)
	}
	dst = appendNumber(dst, tagSpanDroppedLinks, uint64(s.DroppedLinksCount))
	if s.Status != (span.Status{}) {
		dst, at = open(dst, tagSpanStatus)
		dst = appendText(dst, tagStatusMessage, s.Status.Message)
		dst = appendNumber(dst, tagStatusCode, uint64(int64(s.Status.Code)))
		dst = shut(dst, at)
	}
	return appendFixed32(dst, tagSpanFlags, s.Flags)
}

func appendEvent(dst []byte, e *span.Event) []byte {
	dst = appendFixed64(dst, tagEventTime, e.TimeUnixNano)
	dst = appendText(dst, tagEventName, e.Name)
	dst = appendAttributes(dst, tagEventAttribute, e.Attributes)
	return appendNumber(dst, tagEventDropped, uint64(e.DroppedAttributesCount))
}

func appendLink(dst []byte, l *span.Link) []byte {
	dst = append(dst, tagLinkTraceID, byte(len(l.TraceID)))
	dst = append(dst, l.TraceID[:]...)
	dst = append(dst, tagLinkSpanID, byte(len(l.SpanID)))
	dst = append(dst, l.SpanID[:]...)
	dst = appendText(dst, tagLinkTraceState, l.TraceState)
	dst = appendAttributes(dst, tagLinkAttribute, l.Attributes)
	dst = appendNumber(dst, tagLinkDropped, uint64(l.DroppedAttributesCount))
	return appendFixed32(dst, tagLinkFlags, l.Flags)
}

func appendAttributes(dst []byte, tag byte, kvs []span.KeyValue) []byte {
	for i := range kvs {
		var at int
		dst, at = open(dst, tag)
		dst = appendKeyValue(dst, &kvs[i])
		dst = shut(dst, at)
	}
	return dst
}

func appendKeyValue(dst []byte, kv *span.KeyValue) []byte {
	dst = appendText(dst, tagKey, kv.Key)
	dst, at := open(dst, tagValue)
	return shut(AppendValue(dst, kv.Value), at)
}

// AppendValue appends the value as a protobuf AnyValue, without a length in
// front. Equal values become equal bytes and different ones different bytes.
func AppendValue(dst []byte, v span.Value) []byte {
	switch v.Type() {
	case span.TypeString:
		return appendField(dst, tagValueString, v.Str())
	case span.TypeBool:
		if v.Bool() {
			return append(dst, tagValueBool, 1)
		}
		return append(dst, tagValueBool, 0)
	case span.TypeInt:
		return binary.AppendUvarint(append(dst, tagValueInt), uint64(v.Int()))
	case span.TypeDouble:
		return binary.LittleEndian.AppendUint64(append(dst, tagValueDouble), math.Float64bits(v.Double()))
	case span.TypeBytes:
		return appendField(dst, tagValueBytes, v.Str())
	case span.TypeArray:
		return appendArray(dst, v.List())
	case span.TypeKVList:
		dst, at := open(dst, tagValueKVList)
		return shut(appendAttributes(dst, tagListElement, v.List()), at)
	}
	return dst
}

func appendArray(dst []byte, elements []span.KeyValue) []byte {
	dst, at := open(dst, tagValueArray)
	for i := range elements {
		var inner int
		dst, inner = open(dst, tagListElement)
		dst = shut(AppendValue(dst, elements[i].Value), inner)
	}
	return shut(dst, at)
}

// open begins a message: its tag and room for a length of one byte. shut,
// given what open returned, writes the length.
func open(dst []byte, tag byte) ([]byte, int) {
	return append(dst, tag, 0), len(dst) + 2
}

func shut(dst []byte, at int) []byte {
	n := len(dst) - at
	if n < 0x80 {
		dst[at-1] = byte(n)
		return dst
	}
	var length [binary.MaxVarintLen64]byte
	extra := binary.PutUvarint(length[:], uint64(n)) - 1
	dst = append(dst, length[:extra]...) // any bytes: the room is what counts
	copy(dst[at+extra:], dst[at:at+n])
	copy(dst[at-1:], length[:extra+1])
	return dst
}

// appendText appends a string field unless it is empty, as proto3 has it.
func appendText(dst []byte, tag byte, s string) []byte {
	if s == "" {
		return dst
	}
	return appendField(dst, tag, s)
}

// appendField appends a string field even if it is empty.
func appendField(dst []byte, tag byte, s string) []byte {
	dst = binary.AppendUvarint(append(dst, tag), uint64(len(s)))
	return append(dst, s...)
}

func appendNumber(dst []byte, tag byte, n uint64) []byte {
	if n == 0 {
		return dst
	}
	return binary.AppendUvarint(append(dst, tag), n)
}

func appendFixed64(dst []byte, tag byte, n uint64) []byte {
	if n == 0 {
		return dst
	}
	return binary.LittleEndian.AppendUint64(append(dst, tag), n)
}

// appendFixed32 takes a tag of two bytes as well.
func appendFixed32(dst []byte, tag uint64, n uint32) []byte {
	if n == 0 {
		return dst
	}
	return binary.LittleEndian.AppendUint32(binary.AppendUvarint(dst, tag), n)
}
