package sideseat

import (
	"encoding/json"
	"time"

	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
	"github.com/spanstead/spanstead/engine/span"
)

// rawSpan is a span as OTLP carries it, in snake case.
type rawSpan struct {
	TraceID      string          `json:"trace_id"`
	SpanID       string          `json:"span_id"`
	ParentSpanID *string         `json:"parent_span_id"`
	Name         string          `json:"name"`
	Kind         int32           `json:"kind"`
	Start        uint64          `json:"start_time_unix_nano"`
	End          uint64          `json:"end_time_unix_nano"`
	Status       *rawStatus      `json:"status"`
	Attributes   json.RawMessage `json:"attributes"`
	Events       []rawEvent      `json:"events"`
	Links        []rawLink       `json:"links"`
	Resource     rawResource     `json:"resource"`
	TraceState   *string         `json:"trace_state"`
	Flags        uint32          `json:"flags"`
	DroppedAttrs uint32          `json:"dropped_attributes_count"`
	DroppedEvent uint32          `json:"dropped_events_count"`
	DroppedLinks uint32          `json:"dropped_links_count"`
}

type rawStatus struct {
	Code    int32  `json:"code"`
	Message string `json:"message"`
}

type rawEvent struct {
	Name         string          `json:"name"`
	Timestamp    string          `json:"timestamp"`
	Attributes   json.RawMessage `json:"attributes"`
	DroppedAttrs uint32          `json:"dropped_attributes_count"`
}

type rawLink struct {
	TraceID      string          `json:"trace_id"`
	SpanID       string          `json:"span_id"`
	TraceState   string          `json:"trace_state"`
	Attributes   json.RawMessage `json:"attributes"`
	Flags        uint32          `json:"flags"`
	DroppedAttrs uint32          `json:"dropped_attributes_count"`
}

type rawResource struct {
	Attributes json.RawMessage `json:"attributes"`
}

func rawOf(project string, s *span.Span) *rawSpan {
	trace, id, parent := shownIDs(s)
	raw := &rawSpan{
		TraceID: trace, SpanID: id, ParentSpanID: parent, Name: s.Name, Kind: int32(s.Kind),
		Start: s.StartTimeUnixNano, End: s.EndTimeUnixNano,
		Attributes: attributes(s.Attributes), Events: []rawEvent{}, Links: []rawLink{},
		Flags: s.Flags, DroppedAttrs: s.DroppedAttributesCount, DroppedEvent: s.DroppedEventsCount, DroppedLinks: s.DroppedLinksCount,
	}
	if s.Status != (span.Status{}) {
		raw.Status = &rawStatus{int32(s.Status.Code), s.Status.Message}
	}
	if s.TraceState != "" {
		raw.TraceState = &s.TraceState
	}
	var resource []span.KeyValue
	if s.Resource != nil {
		resource = append(resource, s.Resource.Attributes...)
	}
	raw.Resource.Attributes = attributes(append(resource, span.KeyValue{Key: "sideseat.project_id", Value: span.String(project)}))
	for i := range s.Events {
		e := &s.Events[i]
		raw.Events = append(raw.Events, rawEvent{
			e.Name, time.UnixMicro(int64(e.TimeUnixNano / 1000)).UTC().Format("2006-01-02T15:04:05.000000Z"),
			attributes(e.Attributes), e.DroppedAttributesCount,
		})
	}
	for i := range s.Links {
		l := &s.Links[i]
		raw.Links = append(raw.Links, rawLink{
			hexOrNone(l.TraceID.IsZero(), l.TraceID.String()), hexOrNone(l.SpanID.IsZero(), l.SpanID.String()),
			l.TraceState, attributes(l.Attributes), l.Flags, l.DroppedAttributesCount,
		})
	}
	return raw
}

func hexOrNone(zero bool, text string) string {
	if zero {
		return ""
	}
	return text
}

// attributes is a plain object, without what the adapter itself has added.
func attributes(kvs []span.KeyValue) json.RawMessage {
	if _, ok := span.Lookup(kvs, derive.KeyIDs); ok {
		kept := make([]span.KeyValue, 0, len(kvs))
		for _, kv := range kvs {
			if kv.Key != derive.KeyIDs {
				kept = append(kept, kv)
			}
		}
		kvs = kept
	}
	return span.AppendJSONObject(nil, kvs)
}
