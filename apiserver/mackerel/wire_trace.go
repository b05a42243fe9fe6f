package mackerel

type traceResponse struct {
	Spans []spanBody `json:"spans"`
}

type spanBody struct {
	TraceID                string       `json:"traceId"`
	SpanID                 string       `json:"spanId"`
	TraceState             string       `json:"traceState"`
	ParentSpanID           string       `json:"parentSpanId,omitempty"`
	Name                   string       `json:"name"`
	Kind                   string       `json:"kind"`
	StartTime              string       `json:"startTime"`
	EndTime                string       `json:"endTime"`
	Attributes             []attribute  `json:"attributes"`
	DroppedAttributesCount uint32       `json:"droppedAttributesCount"`
	Events                 []eventBody  `json:"events"`
	DroppedEventsCount     uint32       `json:"droppedEventsCount"`
	Links                  []linkBody   `json:"links"`
	DroppedLinksCount      uint32       `json:"droppedLinksCount"`
	Status                 statusBody   `json:"status"`
	Resource               resourceBody `json:"resource"`
	Scope                  scopeBody    `json:"scope"`
}

type attribute struct {
	Key   string   `json:"key"`
	Value anyValue `json:"value"`
}

// anyValue has valueType and the one member that belongs to it.
type anyValue struct {
	ValueType   string               `json:"valueType"`
	StringValue *string              `json:"stringValue,omitempty"`
	BoolValue   *bool                `json:"boolValue,omitempty"`
	IntValue    *int64               `json:"intValue,omitempty"`
	DoubleValue *double              `json:"doubleValue,omitempty"`
	ArrayValue  *[]anyValue          `json:"arrayValue,omitempty"`
	KvlistValue *map[string]anyValue `json:"kvlistValue,omitempty"`
	BytesValue  *string              `json:"bytesValue,omitempty"`
}

type eventBody struct {
	Time                   string      `json:"time"`
	Name                   string      `json:"name"`
	Attributes             []attribute `json:"attributes"`
	DroppedAttributesCount uint32      `json:"droppedAttributesCount"`
}

type linkBody struct {
	TraceID                string      `json:"traceId"`
	SpanID                 string      `json:"spanId"`
	TraceState             string      `json:"traceState"`
	Attributes             []attribute `json:"attributes"`
	DroppedAttributesCount uint32      `json:"droppedAttributesCount"`
}

type statusBody struct {
	Message string `json:"message"`
	Code    string `json:"code"`
}

type resourceBody struct {
	Attributes             []attribute `json:"attributes"`
	DroppedAttributesCount uint32      `json:"droppedAttributesCount"`
}

type scopeBody struct {
	Name                   string      `json:"name"`
	Version                string      `json:"version"`
	Attributes             []attribute `json:"attributes"`
	DroppedAttributesCount uint32      `json:"droppedAttributesCount"`
}
