package otlp

// Protobuf tags, number<<3 | wire type, of every field that we know. All but
// the tag of a span's flags fit into one byte.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5

	tagRequestResourceSpans = 1<<3 | wireBytes

	tagResourceSpansResource  = 1<<3 | wireBytes
	tagResourceSpansScope     = 2<<3 | wireBytes
	tagResourceSpansSchemaURL = 3<<3 | wireBytes

	tagScopeSpansScope     = 1<<3 | wireBytes
	tagScopeSpansSpan      = 2<<3 | wireBytes
	tagScopeSpansSchemaURL = 3<<3 | wireBytes

	tagResourceAttribute = 1<<3 | wireBytes
	tagResourceDropped   = 2<<3 | wireVarint
	tagResourceEntity    = 3<<3 | wireBytes

	tagEntitySchemaURL      = 1<<3 | wireBytes
	tagEntityType           = 2<<3 | wireBytes
	tagEntityIDKey          = 3<<3 | wireBytes
	tagEntityDescriptionKey = 4<<3 | wireBytes

	tagScopeName      = 1<<3 | wireBytes
	tagScopeVersion   = 2<<3 | wireBytes
	tagScopeAttribute = 3<<3 | wireBytes
	tagScopeDropped   = 4<<3 | wireVarint

	tagSpanTraceID           = 1<<3 | wireBytes
	tagSpanSpanID            = 2<<3 | wireBytes
	tagSpanTraceState        = 3<<3 | wireBytes
	tagSpanParentSpanID      = 4<<3 | wireBytes
	tagSpanName              = 5<<3 | wireBytes
	tagSpanKind              = 6<<3 | wireVarint
	tagSpanStart             = 7<<3 | wireFixed64
	tagSpanEnd               = 8<<3 | wireFixed64
	tagSpanAttribute         = 9<<3 | wireBytes
	tagSpanDroppedAttributes = 10<<3 | wireVarint
	tagSpanEvent             = 11<<3 | wireBytes
	tagSpanDroppedEvents     = 12<<3 | wireVarint
	tagSpanLink              = 13<<3 | wireBytes
	tagSpanDroppedLinks      = 14<<3 | wireVarint
	tagSpanStatus            = 15<<3 | wireBytes
	tagSpanFlags             = 16<<3 | wireFixed32

	tagStatusMessage = 2<<3 | wireBytes
	tagStatusCode    = 3<<3 | wireVarint

	tagEventTime      = 1<<3 | wireFixed64
	tagEventName      = 2<<3 | wireBytes
	tagEventAttribute = 3<<3 | wireBytes
	tagEventDropped   = 4<<3 | wireVarint

	tagLinkTraceID    = 1<<3 | wireBytes
	tagLinkSpanID     = 2<<3 | wireBytes
	tagLinkTraceState = 3<<3 | wireBytes
	tagLinkAttribute  = 4<<3 | wireBytes
	tagLinkDropped    = 5<<3 | wireVarint
	tagLinkFlags      = 6<<3 | wireFixed32

	tagKey   = 1<<3 | wireBytes
	tagValue = 2<<3 | wireBytes

	tagValueString = 1<<3 | wireBytes
	tagValueBool   = 2<<3 | wireVarint
	tagValueInt    = 3<<3 | wireVarint
	tagValueDouble = 4<<3 | wireFixed64
	tagValueArray  = 5<<3 | wireBytes
	tagValueKVList = 6<<3 | wireBytes
	tagValueBytes  = 7<<3 | wireBytes
	tagValueIndex  = 8<<3 | wireVarint // of the profiling signal: an empty value

	tagListElement = 1<<3 | wireBytes // of ArrayValue and KeyValueList
)
