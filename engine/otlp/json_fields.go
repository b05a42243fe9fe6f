package otlp

// How a field is written in JSON and in protobuf.
type jsonKind uint8

const (
	jsonText    jsonKind = iota // string
	jsonID                      // hex to bytes
	jsonBytes                   // base64 to bytes
	jsonBool                    // true or false
	jsonInt                     // int64
	jsonCount                   // uint32
	jsonEnum                    // int32, or a name
	jsonFixed32                 // uint32
	jsonFixed64                 // uint64
	jsonDouble                  // number, or the name of one that is none
	jsonMessage                 // object
)

// jsonField says what becomes of one key of a JSON object.
type jsonField struct {
	name     string // in lowerCamelCase
	tag      uint32
	kind     jsonKind
	repeated bool       // an array of such
	size     int        // of an id
	names    []string   // of an enum, by number
	message  *jsonShape // of a message
	nests    bool       // one more level of a value's depth
	holes    bool       // null in the array is an empty message
}

// jsonShape is the fields of a message by their names in JSON.
type jsonShape struct{ fields map[string]*jsonField }

// set enters a field under its lowerCamelCase name and the one that it has in
// protobuf, which readers of JSON are to accept too.
func (s *jsonShape) set(camel, snake string, f jsonField) {
	f.name = camel
	s.fields[camel] = &f
	s.fields[snake] = &f
}

func newShape() *jsonShape { return &jsonShape{fields: map[string]*jsonField{}} }

func (s *jsonShape) text(camel, snake string, tag uint32) {
	s.set(camel, snake, jsonField{tag: tag, kind: jsonText})
}

func (s *jsonShape) dropped(what, snake string, tag uint32) {
	s.set("dropped"+what+"Count", "dropped_"+snake+"_count", jsonField{tag: tag, kind: jsonCount})
}

func (s *jsonShape) messages(camel, snake string, tag uint32, of *jsonShape) {
	s.set(camel, snake, jsonField{tag: tag, kind: jsonMessage, repeated: true, message: of})
}

func (s *jsonShape) ids(traceID, spanID uint32) {
	s.set("traceId", "trace_id", jsonField{tag: traceID, kind: jsonID, size: 16})
	s.set("spanId", "span_id", jsonField{tag: spanID, kind: jsonID, size: 8})
}

var kindNames = []string{
	"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
	"SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER",
}

var statusNames = []string{"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"}

// requestShape is that of an ExportTraceServiceRequest.
var requestShape = makeRequestShape()

func makeRequestShape() *jsonShape {
	attribute := attributeShape()

	scopeSpans := newShape()
	scopeSpans.set("scope", "scope", jsonField{tag: tagScopeSpansScope, kind: jsonMessage, message: scopeShape(attribute)})
	scopeSpans.messages("spans", "spans", tagScopeSpansSpan, spanShape(attribute))
	scopeSpans.text("schemaUrl", "schema_url", tagScopeSpansSchemaURL)

	resourceSpans := newShape()
	resourceSpans.set("resource", "resource", jsonField{tag: tagResourceSpansResource, kind: jsonMessage, message: resourceShape(attribute)})
	resourceSpans.messages("scopeSpans", "scope_spans", tagResourceSpansScope, scopeSpans)
	resourceSpans.text("schemaUrl", "schema_url", tagResourceSpansSchemaURL)

	request := newShape()
	request.messages("resourceSpans", "resource_spans", tagRequestResourceSpans, resourceSpans)
	return request
}

// attributeShape is that of a KeyValue.
func attributeShape() *jsonShape {
	attribute, value, array, list := newShape(), newShape(), newShape(), newShape()
	attribute.text("key", "key", tagKey)
	attribute.set("value", "value", jsonField{tag: tagValue, kind: jsonMessage, message: value})

	value.text("stringValue", "string_value", tagValueString)
	value.set("boolValue", "bool_value", jsonField{tag: tagValueBool, kind: jsonBool})
	value.set("intValue", "int_value", jsonField{tag: tagValueInt, kind: jsonInt})
	value.set("doubleValue", "double_value", jsonField{tag: tagValueDouble, kind: jsonDouble})
	value.set("bytesValue", "bytes_value", jsonField{tag: tagValueBytes, kind: jsonBytes})
	value.set("arrayValue", "array_value", jsonField{tag: tagValueArray, kind: jsonMessage, message: array, nests: true})
	value.set("kvlistValue", "kvlist_value", jsonField{tag: tagValueKVList, kind: jsonMessage, message: list, nests: true})

	array.set("values", "values", jsonField{tag: tagListElement, kind: jsonMessage, repeated: true, message: value, holes: true})
	list.messages("values", "values", tagListElement, attribute)
	return attribute
}

func resourceShape(attribute *jsonShape) *jsonShape {
	entity := newShape()
	entity.text("schemaUrl", "schema_url", tagEntitySchemaURL)
	entity.text("type", "type", tagEntityType)
	entity.set("idKeys", "id_keys", jsonField{tag: tagEntityIDKey, kind: jsonText, repeated: true})
	entity.set("descriptionKeys", "description_keys", jsonField{tag: tagEntityDescriptionKey, kind: jsonText, repeated: true})

	resource := newShape()
	resource.messages("attributes", "attributes", tagResourceAttribute, attribute)
	resource.dropped("Attributes", "attributes", tagResourceDropped)
	resource.messages("entityRefs", "entity_refs", tagResourceEntity, entity)
	return resource
}

func scopeShape(attribute *jsonShape) *jsonShape {
	scope := newShape()
	scope.text("name", "name", tagScopeName)
	scope.text("version", "version", tagScopeVersion)
	scope.messages("attributes", "attributes", tagScopeAttribute, attribute)
	scope.dropped("Attributes", "attributes", tagScopeDropped)
	return scope
}

func spanShape(attribute *jsonShape) *jsonShape {
	status := newShape()
	status.text("message", "message", tagStatusMessage)
	status.set("code", "code", jsonField{tag: tagStatusCode, kind: jsonEnum, names: statusNames})

	s := newShape()
	s.ids(tagSpanTraceID, tagSpanSpanID)
	s.set("parentSpanId", "parent_span_id", jsonField{tag: tagSpanParentSpanID, kind: jsonID, size: 8})
	s.text("traceState", "trace_state", tagSpanTraceState)
	s.set("flags", "flags", jsonField{tag: tagSpanFlags, kind: jsonFixed32})
	s.text("name", "name", tagSpanName)
	s.set("kind", "kind", jsonField{tag: tagSpanKind, kind: jsonEnum, names: kindNames})
	s.set("startTimeUnixNano", "start_time_unix_nano", jsonField{tag: tagSpanStart, kind: jsonFixed64})
	s.set("endTimeUnixNano", "end_time_unix_nano", jsonField{tag: tagSpanEnd, kind: jsonFixed64})
	s.messages("attributes", "attributes", tagSpanAttribute, attribute)
	s.dropped("Attributes", "attributes", tagSpanDroppedAttributes)
	s.messages("events", "events", tagSpanEvent, eventShape(attribute))
	s.dropped("Events", "events", tagSpanDroppedEvents)
	s.messages("links", "links", tagSpanLink, linkShape(attribute))
	s.dropped("Links", "links", tagSpanDroppedLinks)
	s.set("status", "status", jsonField{tag: tagSpanStatus, kind: jsonMessage, message: status})
	return s
}

func eventShape(attribute *jsonShape) *jsonShape {
	event := newShape()
	event.set("timeUnixNano", "time_unix_nano", jsonField{tag: tagEventTime, kind: jsonFixed64})
	event.text("name", "name", tagEventName)
	event.messages("attributes", "attributes", tagEventAttribute, attribute)
	event.dropped("Attributes", "attributes", tagEventDropped)
	return event
}

func linkShape(attribute *jsonShape) *jsonShape {
	link := newShape()
	link.ids(tagLinkTraceID, tagLinkSpanID)
	link.text("traceState", "trace_state", tagLinkTraceState)
	link.messages("attributes", "attributes", tagLinkAttribute, attribute)
	link.dropped("Attributes", "attributes", tagLinkDropped)
	link.set("flags", "flags", jsonField{tag: tagLinkFlags, kind: jsonFixed32})
	return link
}
