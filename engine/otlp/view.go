package otlp

import "github.com/spanstead/spanstead/engine/span"

// ResourceView is a resource whose slices point into the request.
type ResourceView struct {
	Raw                    []byte // the Resource message as sent: equal bytes, equal resources
	SchemaURL              []byte
	Attributes             []AttrView
	DroppedAttributesCount uint32
	EntityRefs             [][]byte // EntityRef messages
}

// ScopeView is an instrumentation scope whose slices point into the request.
type ScopeView struct {
	Raw                    []byte // the InstrumentationScope message as sent
	SchemaURL              []byte
	Name, Version          []byte
	Attributes             []AttrView
	DroppedAttributesCount uint32
}

// SpanView is a span whose slices point into the request.
type SpanView struct {
	TraceID      span.TraceID
	SpanID       span.SpanID
	ParentSpanID span.SpanID // zero for a root
	TraceState   []byte
	Flags        uint32
	Name         []byte
	Kind         span.Kind

	StartTimeUnixNano uint64
	EndTimeUnixNano   uint64

	Attributes             []AttrView
	DroppedAttributesCount uint32
	Events                 [][]byte // Event messages, for EventView.Read
	DroppedEventsCount     uint32
	Links                  [][]byte // Link messages, for LinkView.Read
	DroppedLinksCount      uint32
	StatusMessage          []byte
	StatusCode             span.StatusCode
}

// EventView is an event whose slices point into the request.
type EventView struct {
	TimeUnixNano           uint64
	Name                   []byte
	Attributes             []AttrView
	DroppedAttributesCount uint32
}

// LinkView is a link whose slices point into the request.
type LinkView struct {
	TraceID                span.TraceID
	SpanID                 span.SpanID
	TraceState             []byte
	Attributes             []AttrView
	DroppedAttributesCount uint32
	Flags                  uint32
}

// Read fills the view from a message of SpanView.Events, which Walk has
// checked, and reuses the view's attributes.
func (e *EventView) Read(raw []byte) {
	_ = e.read(raw, &check{}) // checked: it has read the same bytes before
}

// Read fills the view from a message of SpanView.Links, which Walk has
// checked, and reuses the view's attributes.
func (l *LinkView) Read(raw []byte) {
	_ = l.read(raw, &check{})
}

func (e *EventView) read(b []byte, c *check) (err error) {
	*e = EventView{Attributes: e.Attributes[:0]}
	for len(b) > 0 {
		tag, num, data, n := field(b)
		if n < 0 {
			return malformed(b, n)
		}
		switch tag {
		case tagEventTime:
			e.TimeUnixNano = num
		case tagEventName:
			e.Name = data
			c.text(data, badName)
		case tagEventAttribute:
			e.Attributes, err = appendAttr(e.Attributes, data, c)
		case tagEventDropped:
			e.DroppedAttributesCount = uint32(num)
		default:
			err = unknown(b, tag, 1<<5-1<<1)
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func (l *LinkView) read(b []byte, c *check) (err error) {
	*l = LinkView{Attributes: l.Attributes[:0]}
	var traceID, spanID []byte
	for len(b) > 0 {
		tag, num, data, n := field(b)
		if n < 0 {
			return malformed(b, n)
		}
		switch tag {
		case tagLinkTraceID:
			traceID = data
		case tagLinkSpanID:
			spanID = data
		case tagLinkTraceState:
			l.TraceState = data
			c.text(data, badTraceState)
		case tagLinkAttribute:
			l.Attributes, err = appendAttr(l.Attributes, data, c)
		case tagLinkDropped:
			l.DroppedAttributesCount = uint32(num)
		case tagLinkFlags:
			l.Flags = uint32(num)
		default:
			err = unknown(b, tag, 1<<7-1<<1)
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	c.id(traceID, len(l.TraceID), "trace id", "trace id is all zeros")
	c.id(spanID, len(l.SpanID), "span id", "span id is all zeros")
	copy(l.TraceID[:], traceID)
	copy(l.SpanID[:], spanID)
	return nil
}

// merge reads a Resource message into the view, beside what is there already.
func (r *ResourceView) merge(b []byte, c *check) (err error) {
	for len(b) > 0 {
		tag, num, data, n := field(b)
		if n < 0 {
			return malformed(b, n)
		}
		switch tag {
		case tagResourceAttribute:
			r.Attributes, err = appendAttr(r.Attributes, data, c)
		case tagResourceDropped:
			r.DroppedAttributesCount = uint32(num)
		case tagResourceEntity:
			if c.part() {
				r.EntityRefs = append(r.EntityRefs, data)
			}
			_, err = readEntity(data, c)
		default:
			err = unknown(b, tag, 1<<4-1<<1)
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// merge reads an InstrumentationScope message into the view, beside what is
// there already.
func (s *ScopeView) merge(b []byte, c *check) (err error) {
	for len(b) > 0 {
		tag, num, data, n := field(b)
		if n < 0 {
			return malformed(b, n)
		}
		switch tag {
		case tagScopeName:
			s.Name = data
			c.text(data, badName)
		case tagScopeVersion:
			s.Version = data
			c.text(data, badVersion)
		case tagScopeAttribute:
			s.Attributes, err = appendAttr(s.Attributes, data, c)
		case tagScopeDropped:
			s.DroppedAttributesCount = uint32(num)
		default:
			err = unknown(b, tag, 1<<5-1<<1)
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func readEntity(b []byte, c *check) (e span.EntityRef, err error) {
	for len(b) > 0 {
		tag, _, data, n := field(b)
		if n < 0 {
			return e, malformed(b, n)
		}
		switch tag {
		case tagEntitySchemaURL:
			e.SchemaURL = string(data)
		case tagEntityType:
			e.Type = string(data)
		case tagEntityIDKey:
			if c.part() {
				e.IDKeys = append(e.IDKeys, string(data))
			}
		case tagEntityDescriptionKey:
			if c.part() {
				e.DescriptionKeys = append(e.DescriptionKeys, string(data))
			}
		default:
			data = nil
			err = unknown(b, tag, 1<<5-1<<1)
		}
		if err != nil {
			return e, err
		}
		c.text(data, badEntity)
		b = b[n:]
	}
	return e, nil
}
