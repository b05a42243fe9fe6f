package otlp

import (
	"fmt"
	"strings"
	"sync"

	"github.com/spanstead/spanstead/engine/span"
)

// Handler takes what Walk finds. The views and everything they point to are
// good only until the method returns, but for the bytes of the request itself;
// views are reused, so that a walk allocates nothing for a span.
type Handler interface {
	// Resource comes once for each ResourceSpans, before its scopes.
	Resource(*ResourceView)
	// Scope comes once for each ScopeSpans, before its spans.
	Scope(*ScopeView)
	// Span comes once for each span that is not rejected.
	Span(*SpanView)
}

// Result says what became of a request's spans.
type Result struct {
	Accepted int
	Rejected int
	Message  string // names the first of the rejected and why; "" when there are none
}

// Walk reads a protobuf ExportTraceServiceRequest and hands its spans to h in
// the order in which they stand there. With a nil h it only checks.
//
// A span whose ids are not of the right length or all zeros, whose text is not
// UTF-8, or which is beyond MaxDepth or MaxParts is rejected: left out,
// counted and named in the Result by its place in the request, from 0. So are
// all spans of a resource or scope with such a flaw. A request that is not
// protobuf, or has a field of a wrong wire type or a group, is an error that
// wraps query.ErrInvalid and says at which byte; h may have had spans before
// it, so a caller that cannot forget them walks with a nil h first.
//
// Where protobuf merges, so does Walk: of a repeated scalar the last counts,
// repeated messages are merged, and schema URLs are found wherever they stand.
// Unknown fields are skipped. Kinds and status codes that OTLP does not know
// keep their number.
func Walk(b []byte, h Handler) (Result, error) {
	w := walkers.Get().(*walker)
	defer w.release()
	w.handler = h
	if err := w.request(b); err != nil {
		return Result{}, invalid(b, err)
	}
	return w.result(), nil
}

var walkers = sync.Pool{New: func() any { return new(walker) }}

// walker holds the views that a walk reuses.
type walker struct {
	handler  Handler
	accepted int
	rejected int
	reasons  []string // of the first few rejected

	check    check
	resource ResourceView
	scope    ScopeView
	span     SpanView
	event    EventView
	link     LinkView
}

// release gives the walker back with its slices, but for what points into the
// request; one that a huge request has blown up is dropped.
func (w *walker) release() {
	const most = 4096
	if max(cap(w.resource.Attributes), cap(w.resource.EntityRefs), cap(w.scope.Attributes), cap(w.span.Attributes),
		cap(w.span.Events), cap(w.span.Links), cap(w.event.Attributes), cap(w.link.Attributes)) > most {
		return
	}
	*w = walker{
		resource: ResourceView{Attributes: emptied(w.resource.Attributes), EntityRefs: emptied(w.resource.EntityRefs)},
		scope:    ScopeView{Attributes: emptied(w.scope.Attributes)},
		span: SpanView{Attributes: emptied(w.span.Attributes), Events: emptied(w.span.Events),
			Links: emptied(w.span.Links)},
		event: EventView{Attributes: emptied(w.event.Attributes)},
		link:  LinkView{Attributes: emptied(w.link.Attributes)},
	}
	walkers.Put(w)
}

func emptied[T any](s []T) []T {
	clear(s[:cap(s)])
	return s[:0]
}

func (w *walker) request(b []byte) (err error) {
	for len(b) > 0 {
		tag, _, data, n := field(b)
		if n < 0 {
			return malformed(b, n)
		}
		if tag == tagRequestResourceSpans {
			err = w.resourceSpans(data)
		} else {
			err = unknown(b, tag, 1<<1)
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// resourceSpans reads the resource first, since its parts may stand behind
// the spans.
func (w *walker) resourceSpans(b []byte) (err error) {
	r := &w.resource
	*r = ResourceView{Attributes: r.Attributes[:0], EntityRefs: r.EntityRefs[:0]}
	w.check = check{where: "resource "}
	var raw merged
	for rest := b; len(rest) > 0; {
		tag, _, data, n := field(rest)
		if n < 0 {
			return malformed(rest, n)
		}
		switch tag {
		case tagResourceSpansResource:
			raw.add(data)
			err = r.merge(data, &w.check)
		case tagResourceSpansSchemaURL:
			r.SchemaURL = data
			w.check.text(data, badSchemaURL)
		case tagResourceSpansScope:
		default:
			err = unknown(rest, tag, 1<<4-1<<1)
		}
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	r.Raw = raw.bytes
	found := w.check.flaw
	if w.handler != nil && found.what == "" {
		w.handler.Resource(r)
	}
	for len(b) > 0 {
		tag, _, data, n := field(b)
		if tag == tagResourceSpansScope {
			if err := w.scopeSpans(data, found); err != nil {
				return err
			}
		}
		b = b[n:]
	}
	return nil
}

// scopeSpans reads the scope first, then the spans. Outer is the resource's flaw.
func (w *walker) scopeSpans(b []byte, outer flaw) (err error) {
	s := &w.scope
	*s = ScopeView{Attributes: s.Attributes[:0]}
	w.check = check{where: "scope ", flaw: outer}
	var raw merged
	for rest := b; len(rest) > 0; {
		tag, _, data, n := field(rest)
		if n < 0 {
			return malformed(rest, n)
		}
		switch tag {
		case tagScopeSpansScope:
			raw.add(data)
			err = s.merge(data, &w.check)
		case tagScopeSpansSchemaURL:
			s.SchemaURL = data
			w.check.text(data, badSchemaURL)
		case tagScopeSpansSpan:
		default:
			err = unknown(rest, tag, 1<<4-1<<1)
		}
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	s.Raw = raw.bytes
	found := w.check.flaw
	if w.handler != nil && found.what == "" {
		w.handler.Scope(s)
	}
	for len(b) > 0 {
		tag, _, data, n := field(b)
		if tag == tagScopeSpansSpan {
			w.check = check{flaw: found}
			if err := w.readSpan(data); err != nil {
				return err
			}
			w.finish()
		}
		b = b[n:]
	}
	return nil
}

// finish hands the span over or rejects it.
func (w *walker) finish() {
	if w.check.flaw.what != "" {
		w.reject()
		return
	}
	w.accepted++
	if w.handler != nil {
		w.handler.Span(&w.span)
	}
}

// readSpan reads a Span message into the view.
func (w *walker) readSpan(b []byte) (err error) {
	s, c := &w.span, &w.check
	s.reset()
	var traceID, spanID, parentSpanID []byte
	for len(b) > 0 {
		if b[0] == tagSpanAttribute && len(b) > 1 && b[1] < 0x80 && int(b[1]) <= len(b)-2 {
			// As below, for the form in which most of a span's bytes come.
			n := 2 + int(b[1])
			if s.Attributes, err = appendAttr(s.Attributes, b[2:n], c); err != nil {
				return err
			}
			b = b[n:]
			continue
		}
		tag, num, data, n := field(b)
		if n < 0 {
			return malformed(b, n)
		}
		switch tag {
		case tagSpanAttribute:
			s.Attributes, err = appendAttr(s.Attributes, data, c)
		case tagSpanTraceID:
			traceID = data
		case tagSpanSpanID:
			spanID = data
		case tagSpanTraceState:
			s.TraceState = data
			c.text(data, badTraceState)
		case tagSpanParentSpanID:
			parentSpanID = data
		case tagSpanName:
			s.Name = data
			c.text(data, badName)
		case tagSpanKind:
			s.Kind = span.Kind(num)
		case tagSpanStart:
			s.StartTimeUnixNano = num
		case tagSpanEnd:
			s.EndTimeUnixNano = num
		case tagSpanDroppedAttributes:
			s.DroppedAttributesCount = uint32(num)
		case tagSpanEvent:
			if c.part() {
				s.Events = append(s.Events, data)
			}
			err = w.readEvent(data)
		case tagSpanDroppedEvents:
			s.DroppedEventsCount = uint32(num)
		case tagSpanLink:
			if c.part() {
				s.Links = append(s.Links, data)
			}
			err = w.readLink(data)
		case tagSpanDroppedLinks:
			s.DroppedLinksCount = uint32(num)
		case tagSpanStatus:
			err = s.readStatus(data, c)
		case tagSpanFlags:
			s.Flags = uint32(num)
		default:
			err = unknown(b, tag, 1<<17-1<<1)
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	s.setIDs(traceID, spanID, parentSpanID, c)
	return nil
}

// reset empties the view but for the slices that it reuses.
func (s *SpanView) reset() {
	*s = SpanView{Attributes: s.Attributes[:0], Events: s.Events[:0], Links: s.Links[:0]}
}

func (s *SpanView) setIDs(traceID, spanID, parentSpanID []byte, c *check) {
	c.id(traceID, len(s.TraceID), "trace id", "trace id is all zeros")
	c.id(spanID, len(s.SpanID), "span id", "span id is all zeros")
	if !allZero(parentSpanID) || len(parentSpanID) != len(s.ParentSpanID) && len(parentSpanID) != 0 {
		c.id(parentSpanID, len(s.ParentSpanID), "parent span id", "")
	}
	copy(s.TraceID[:], traceID)
	copy(s.SpanID[:], spanID)
	copy(s.ParentSpanID[:], parentSpanID)
}

func (s *SpanView) readStatus(b []byte, c *check) error {
	for len(b) > 0 {
		tag, num, data, n := field(b)
		if n < 0 {
			return malformed(b, n)
		}
		switch tag {
		case tagStatusMessage:
			s.StatusMessage = data
			c.text(data, badMessage)
		case tagStatusCode:
			s.StatusCode = span.StatusCode(num)
		default:
			if err := unknown(b, tag, 1<<2|1<<3); err != nil {
				return err
			}
		}
		b = b[n:]
	}
	return nil
}

func (w *walker) readEvent(b []byte) error {
	w.check.where = "event "
	err := w.event.read(b, &w.check)
	w.check.where = ""
	return err
}

func (w *walker) readLink(b []byte) error {
	w.check.where = "link "
	err := w.link.read(b, &w.check)
	w.check.where = ""
	return err
}

// Bounds on Result.Message.
const (
	maxReasons = 5
	maxName    = 64
)

func (w *walker) reject() {
	if len(w.reasons) < maxReasons {
		at := w.accepted + w.rejected
		w.reasons = append(w.reasons, fmt.Sprintf("span %d %.*q: %v", at, maxName, w.span.Name, w.check.flaw))
	}
	w.rejected++
}

func (w *walker) result() Result {
	r := Result{Accepted: w.accepted, Rejected: w.rejected}
	if r.Rejected > 0 {
		noun := "spans"
		if r.Rejected == 1 {
			noun = "span"
		}
		r.Message = fmt.Sprintf("%d %s rejected: %s", r.Rejected, noun, strings.Join(w.reasons, "; "))
	}
	if more := r.Rejected - len(w.reasons); more > 0 {
		r.Message += fmt.Sprintf("; and %d more", more)
	}
	return r
}
