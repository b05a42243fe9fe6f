package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/spanstead/spanstead/engine/span"
)

// AppendJSON appends the spans as one ExportTraceServiceRequest in OTLP's JSON:
// names in lowerCamelCase, ids in hex, 64-bit integers as strings, enums as
// numbers, bytes in base64. Fields with their default value are left out.
// Grouping is that of AppendRequest. Text that is not UTF-8 has U+FFFD for
// what is wrong.
func AppendJSON(dst []byte, spans []*span.Span) []byte {
	dst = append(dst, '{')
	if len(spans) > 0 {
		dst = append(jsonKey(dst, "resourceSpans"), '[')
		for len(spans) > 0 {
			n := sameResource(spans)
			dst = appendResourceSpansJSON(jsonNext(dst), spans[:n])
			spans = spans[n:]
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func appendResourceSpansJSON(dst []byte, spans []*span.Span) []byte {
	r := resourceOf(spans[0])
	dst = append(jsonKey(append(dst, '{'), "resource"), '{')
	dst = appendAttributesJSON(dst, r.Attributes)
	dst = appendCountJSON(dst, "droppedAttributesCount", r.DroppedAttributesCount)
	dst = append(appendEntitiesJSON(dst, r.EntityRefs), '}')
	dst = append(jsonKey(dst, "scopeSpans"), '[')
	for len(spans) > 0 {
		n := sameScope(spans)
		dst = appendScopeSpansJSON(jsonNext(dst), spans[:n])
		spans = spans[n:]
	}
	dst = append(dst, ']')
	return append(appendTextJSON(dst, "schemaUrl", r.SchemaURL), '}')
}

func appendEntitiesJSON(dst []byte, refs []span.EntityRef) []byte {
	if len(refs) == 0 {
		return dst
	}
	dst = append(jsonKey(dst, "entityRefs"), '[')
	for _, e := range refs {
		dst = append(jsonNext(dst), '{')
		dst = appendTextJSON(dst, "schemaUrl", e.SchemaURL)
		dst = appendTextJSON(dst, "type", e.Type)
		dst = appendTextsJSON(dst, "idKeys", e.IDKeys)
		dst = append(appendTextsJSON(dst, "descriptionKeys", e.DescriptionKeys), '}')
	}
	return append(dst, ']')
}

func appendTextsJSON(dst []byte, key string, texts []string) []byte {
	if len(texts) == 0 {
		return dst
	}
	dst = append(jsonKey(dst, key), '[')
	for _, s := range texts {
		dst = appendQuoted(jsonNext(dst), s)
	}
	return append(dst, ']')
}

func appendScopeSpansJSON(dst []byte, spans []*span.Span) []byte {
	s := scopeOf(spans[0])
	dst = append(jsonKey(append(dst, '{'), "scope"), '{')
	dst = appendTextJSON(dst, "name", s.Name)
	dst = appendTextJSON(dst, "version", s.Version)
	dst = appendAttributesJSON(dst, s.Attributes)
	dst = append(appendCountJSON(dst, "droppedAttributesCount", s.DroppedAttributesCount), '}')
	dst = append(jsonKey(dst, "spans"), '[')
	for _, s := range spans {
		dst = AppendSpanJSON(jsonNext(dst), s)
	}
	dst = append(dst, ']')
	return append(appendTextJSON(dst, "schemaUrl", s.SchemaURL), '}')
}

// AppendSpanJSON appends one span as OTLP's JSON has it within "spans", without
// its resource and scope.
func AppendSpanJSON(dst []byte, s *span.Span) []byte {
	dst = appendHexJSON(append(dst, '{'), "traceId", s.TraceID[:])
	dst = appendHexJSON(dst, "spanId", s.SpanID[:])
	dst = appendTextJSON(dst, "traceState", s.TraceState)
	if !s.ParentSpanID.IsZero() {
		dst = appendHexJSON(dst, "parentSpanId", s.ParentSpanID[:])
	}
	dst = appendCountJSON(dst, "flags", s.Flags)
	dst = appendTextJSON(dst, "name", s.Name)
	dst = appendEnumJSON(dst, "kind", int32(s.Kind))
	dst = appendTimeJSON(dst, "startTimeUnixNano", s.StartTimeUnixNano)
	dst = appendTimeJSON(dst, "endTimeUnixNano", s.EndTimeUnixNano)
	dst = appendAttributesJSON(dst, s.Attributes)
	dst = appendCountJSON(dst, "droppedAttributesCount", s.DroppedAttributesCount)
	if len(s.Events) > 0 {
		dst = append(jsonKey(dst, "events"), '[')
		for i := range s.Events {
			dst = appendEventJSON(jsonNext(dst), &s.Events[i])
		}
		dst = append(dst, ']')
	}
	dst = appendCountJSON(dst, "droppedEventsCount", s.DroppedEventsCount)
	if len(s.Links) > 0 {
		dst = append(jsonKey(dst, "links"), '[')
		for i := range s.Links {
			dst = appendLinkJSON(jsonNext(dst), &s.Links[i])
		}
		dst = append(dst, ']')
	}
	dst = appendCountJSON(dst, "droppedLinksCount", s.DroppedLinksCount)
	if s.Status != (span.Status{}) {
		dst = append(jsonKey(dst, "status"), '{')
		dst = appendTextJSON(dst, "message", s.Status.Message)
		dst = append(appendEnumJSON(dst, "code", int32(s.Status.Code)), '}')
	}
	return append(dst, '}')
}

func appendEventJSON(dst []byte, e *span.Event) []byte {
	dst = appendTimeJSON(append(dst, '{'), "timeUnixNano", e.TimeUnixNano)
	dst = appendTextJSON(dst, "name", e.Name)
	dst = appendAttributesJSON(dst, e.Attributes)
	return append(appendCountJSON(dst, "droppedAttributesCount", e.DroppedAttributesCount), '}')
}

func appendLinkJSON(dst []byte, l *span.Link) []byte {
	dst = appendHexJSON(append(dst, '{'), "traceId", l.TraceID[:])
	dst = appendHexJSON(dst, "spanId", l.SpanID[:])
	dst = appendTextJSON(dst, "traceState", l.TraceState)
	dst = appendAttributesJSON(dst, l.Attributes)
	dst = appendCountJSON(dst, "droppedAttributesCount", l.DroppedAttributesCount)
	return append(appendCountJSON(dst, "flags", l.Flags), '}')
}

func appendAttributesJSON(dst []byte, kvs []span.KeyValue) []byte {
	if len(kvs) == 0 {
		return dst
	}
	return appendKeyValuesJSON(jsonKey(dst, "attributes"), kvs)
}

func appendKeyValuesJSON(dst []byte, kvs []span.KeyValue) []byte {
	dst = append(dst, '[')
	for i := range kvs {
		dst = appendQuoted(jsonKey(append(jsonNext(dst), '{'), "key"), kvs[i].Key)
		dst = append(appendValueJSON(jsonKey(dst, "value"), kvs[i].Value), '}')
	}
	return append(dst, ']')
}

func appendValueJSON(dst []byte, v span.Value) []byte {
	dst = append(dst, '{')
	switch v.Type() {
	case span.TypeString:
		dst = appendQuoted(jsonKey(dst, "stringValue"), v.Str())
	case span.TypeBool:
		dst = strconv.AppendBool(jsonKey(dst, "boolValue"), v.Bool())
	case span.TypeInt:
		dst = append(jsonKey(dst, "intValue"), '"')
		dst = append(strconv.AppendInt(dst, v.Int(), 10), '"')
	case span.TypeDouble:
		dst = appendDoubleJSON(jsonKey(dst, "doubleValue"), v.Double())
	case span.TypeBytes:
		dst = append(jsonKey(dst, "bytesValue"), '"')
		dst = append(base64.StdEncoding.AppendEncode(dst, []byte(v.Str())), '"')
	case span.TypeArray:
		dst = append(jsonKey(append(jsonKey(dst, "arrayValue"), '{'), "values"), '[')
		for _, e := range v.List() {
			dst = appendValueJSON(jsonNext(dst), e.Value)
		}
		dst = append(dst, "]}"...)
	case span.TypeKVList:
		dst = jsonKey(append(jsonKey(dst, "kvlistValue"), '{'), "values")
		dst = append(appendKeyValuesJSON(dst, v.List()), '}')
	}
	return append(dst, '}')
}

func appendDoubleJSON(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

// jsonNext appends the comma that goes before the next element or key, if any.
func jsonNext(dst []byte) []byte {
	if c := dst[len(dst)-1]; c != '[' && c != '{' {
		dst = append(dst, ',')
	}
	return dst
}

func jsonKey(dst []byte, key string) []byte {
	dst = append(jsonNext(dst), '"')
	dst = append(dst, key...)
	return append(dst, '"', ':')
}

func appendTextJSON(dst []byte, key, s string) []byte {
	if s == "" {
		return dst
	}
	return appendQuoted(jsonKey(dst, key), s)
}

func appendHexJSON(dst []byte, key string, id []byte) []byte {
	dst = append(jsonKey(dst, key), '"')
	return append(hex.AppendEncode(dst, id), '"')
}

func appendCountJSON(dst []byte, key string, n uint32) []byte {
	if n == 0 {
		return dst
	}
	return strconv.AppendUint(jsonKey(dst, key), uint64(n), 10)
}

func appendEnumJSON(dst []byte, key string, n int32) []byte {
	if n == 0 {
		return dst
	}
	return strconv.AppendInt(jsonKey(dst, key), int64(n), 10)
}

func appendTimeJSON(dst []byte, key string, n uint64) []byte {
	if n == 0 {
		return dst
	}
	dst = append(jsonKey(dst, key), '"')
	return append(strconv.AppendUint(dst, n, 10), '"')
}

// appendQuoted appends a JSON string.
func appendQuoted(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		r, n := rune(c), 1
		if c >= utf8.RuneSelf {
			if r, n = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || n != 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[done:i]...)
		switch r {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case utf8.RuneError:
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		i += n
		done = i
	}
	dst = append(dst, s[done:]...)
	return append(dst, '"')
}
