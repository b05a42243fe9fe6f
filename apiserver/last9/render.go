package last9

import (
	"strconv"
	"unicode/utf8"

	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/engine/span"
)

// The answers' spans are appended as JSON by hand: a query shows thousands of
// them, each with two maps.

// appendRow appends a span as query_range shows it.
func appendRow(b []byte, s *span.Span) []byte {
	b = append(b, '{')
	b = appendText(b, "Timestamp", pipeline.FormatTime(s.StartTimeUnixNano))
	b = appendText(b, "TraceId", s.TraceID.String())
	b = appendText(b, "SpanId", s.SpanID.String())
	b = appendText(b, "ParentSpanId", parentOf(s))
	b = appendText(b, "SpanName", s.Name)
	b = appendText(b, "SpanKind", pipeline.KindName(s.Kind))
	b = appendText(b, "ServiceName", serviceOf(s))
	b = appendMap(b, "ResourceAttributes", s.Resource.Attributes)
	b = appendMap(b, "SpanAttributes", s.Attributes)
	return appendOutcome(b, s)
}

// appendOutcome appends what stands behind the attributes, and closes the span.
func appendOutcome(b []byte, s *span.Span) []byte {
	b = appendKey(b, "Duration")
	b = strconv.AppendInt(b, pipeline.Duration(s), 10)
	b = appendText(b, "StatusCode", pipeline.StatusName(s.Status.Code))
	b = appendText(b, "StatusMessage", s.Status.Message)
	return append(b, '}')
}

// appendWhole appends a span as the trace by id shows it: the columns of
// query_range and more, events and links as parallel arrays and as objects.
func appendWhole(b []byte, s *span.Span) []byte {
	b = append(b, '{')
	b = appendText(b, "Timestamp", pipeline.FormatTime(s.StartTimeUnixNano))
	b = appendText(b, "TraceId", s.TraceID.String())
	b = appendText(b, "SpanId", s.SpanID.String())
	b = appendText(b, "ParentSpanId", parentOf(s))
	b = appendText(b, "TraceState", s.TraceState)
	b = appendText(b, "SpanName", s.Name)
	b = appendText(b, "SpanKind", pipeline.KindName(s.Kind))
	b = appendText(b, "ServiceName", serviceOf(s))
	b = appendMap(b, "ResourceAttributes", s.Resource.Attributes)
	b = appendText(b, "ScopeName", s.Scope.Name)
	b = appendText(b, "ScopeVersion", s.Scope.Version)
	b = appendMap(b, "SpanAttributes", s.Attributes)
	b = appendOutcome(b, s)
	b = b[:len(b)-1]
	b = appendEvents(b, s.Events)
	b = appendLinks(b, s.Links)
	return append(b, '}')
}

func appendEvents(b []byte, events []span.Event) []byte {
	b = appendColumn(b, "EventsTimestamp", events, func(b []byte, e *span.Event) []byte {
		return appendString(b, pipeline.FormatTime(e.TimeUnixNano))
	})
	b = appendColumn(b, "EventsName", events, func(b []byte, e *span.Event) []byte {
		return appendString(b, e.Name)
	})
	b = appendColumn(b, "EventsAttributes", events, func(b []byte, e *span.Event) []byte {
		return appendObject(b, e.Attributes)
	})
	return appendColumn(b, "Events", events, func(b []byte, e *span.Event) []byte {
		b = append(b, '{')
		b = appendText(b, "Timestamp", pipeline.FormatTime(e.TimeUnixNano))
		b = appendText(b, "Name", e.Name)
		b = appendMap(b, "Attributes", e.Attributes)
		return append(b, '}')
	})
}

func appendLinks(b []byte, links []span.Link) []byte {
	b = appendColumn(b, "LinksTraceId", links, func(b []byte, l *span.Link) []byte {
		return appendString(b, l.TraceID.String())
	})
	b = appendColumn(b, "LinksSpanId", links, func(b []byte, l *span.Link) []byte {
		return appendString(b, l.SpanID.String())
	})
	b = appendColumn(b, "LinksTraceState", links, func(b []byte, l *span.Link) []byte {
		return appendString(b, l.TraceState)
	})
	b = appendColumn(b, "LinksAttributes", links, func(b []byte, l *span.Link) []byte {
		return appendObject(b, l.Attributes)
	})
	return appendColumn(b, "Links", links, func(b []byte, l *span.Link) []byte {
		b = append(b, '{')
		b = appendText(b, "TraceId", l.TraceID.String())
		b = appendText(b, "SpanId", l.SpanID.String())
		b = appendText(b, "TraceState", l.TraceState)
		b = appendMap(b, "Attributes", l.Attributes)
		return append(b, '}')
	})
}

// appendColumn appends one array with an element for each item.
func appendColumn[T any](b []byte, key string, items []T, element func([]byte, *T) []byte) []byte {
	b = append(appendKey(b, key), '[')
	for i := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = element(b, &items[i])
	}
	return append(b, ']')
}

func parentOf(s *span.Span) string {
	if s.ParentSpanID.IsZero() {
		return ""
	}
	return s.ParentSpanID.String()
}

// serviceOf is the resource's service.name as text, whatever its type, as a
// filter on ServiceName sees it.
func serviceOf(s *span.Span) string {
	v, _ := span.Lookup(s.Resource.Attributes, "service.name")
	return v.Text()
}

// appendKey appends a key of ours, with the comma before it where one is due.
func appendKey(b []byte, key string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, key...)
	return append(b, '"', ':')
}

func appendText(b []byte, key, value string) []byte {
	return appendString(appendKey(b, key), value)
}

func appendMap(b []byte, key string, kvs []span.KeyValue) []byte {
	return appendObject(appendKey(b, key), kvs)
}

// appendObject appends attributes with their values as text, as the vendor
// keeps them. Of a repeated key the first counts, as it does for a filter.
func appendObject(b []byte, kvs []span.KeyValue) []byte {
	b = append(b, '{')
	first := firstOf(kvs)
	for i := range kvs {
		if !first(i) {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(appendString(b, kvs[i].Key), ':')
		b = appendString(b, kvs[i].Value.Text())
	}
	return append(b, '}')
}

// firstOf tells whether entry i is the first of its key, without quadratic
// cost for a long list.
func firstOf(kvs []span.KeyValue) func(i int) bool {
	if len(kvs) <= 32 {
		return func(i int) bool {
			for j := range i {
				if kvs[j].Key == kvs[i].Key {
					return false
				}
			}
			return true
		}
	}
	seen := make(map[string]bool, len(kvs))
	return func(i int) bool {
		again := seen[kvs[i].Key]
		seen[kvs[i].Key] = true
		return !again
	}
}

const hexDigits = "0123456789abcdef"

// appendString appends a JSON string; what is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[from:i]...), "\uFFFD"...)
				from = i + n
			}
			i += n
			continue
		}
		b = append(b, s[from:i]...)
		b = appendEscape(b, c)
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
