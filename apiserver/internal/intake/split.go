package intake

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// part is what of a request goes to one workspace, itself a request.
type part struct {
	workspace string
	request   []byte
}

// The numbers of the fields on the way to a resource's attributes.
const (
	fieldResourceSpans protowire.Number = 1 // of ExportTraceServiceRequest
	fieldResource      protowire.Number = 1 // of ResourceSpans
	fieldAttributes    protowire.Number = 1 // of Resource
	fieldKey           protowire.Number = 1 // of KeyValue
	fieldValue         protowire.Number = 2
	fieldStringValue   protowire.Number = 1 // of AnyValue
)

// split divides a request by what an attribute of its resources says, in the
// order in which the workspaces come; resources without it, or whose value is
// no name, go to otherwise. ok is false for bytes that are no message.
func split(request []byte, attribute, otherwise string) (parts []part, ok bool) {
	place := map[string]int{}
	ok = each(request, func(n protowire.Number, data, field []byte) {
		if n != fieldResourceSpans {
			return
		}
		name, found := named(data, attribute)
		if !found || !rest.WellFormed(name) {
			name = otherwise
		}
		i, seen := place[name]
		if !seen {
			i = len(parts)
			place[name] = i
			parts = append(parts, part{workspace: name})
		}
		parts[i].request = append(parts[i].request, field...)
	})
	return parts, ok
}

// named is the first value, if it is a string, that a resource has for a key.
// A resource in several pieces counts as one.
func named(resourceSpans []byte, key string) (value string, ok bool) {
	found := false
	each(resourceSpans, func(n protowire.Number, resource, _ []byte) {
		if n != fieldResource {
			return
		}
		each(resource, func(n protowire.Number, kv, _ []byte) {
			if n != fieldAttributes || found {
				return
			}
			var k string
			var v []byte
			each(kv, func(n protowire.Number, data, _ []byte) {
				switch n {
				case fieldKey:
					k = string(data)
				case fieldValue:
					v = append(v, data...) // protobuf merges pieces of a message
				}
			})
			if k == key {
				found = true
				value, ok = stringOf(v)
			}
		})
	})
	return value, ok
}

// stringOf reads an AnyValue; the last of several values counts.
func stringOf(anyValue []byte) (s string, ok bool) {
	each(anyValue, func(n protowire.Number, data, _ []byte) {
		s, ok = string(data), n == fieldStringValue && data != nil
	})
	return s, ok
}

// each calls fn with the fields of a message: the number, the bytes of one
// that is delimited by its length (nil for any other), and the whole field
// with its tag. It returns false, early, for bytes that are no message.
func each(message []byte, fn func(n protowire.Number, data, field []byte)) bool {
	for len(message) > 0 {
		number, wire, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return false
		}
		value := protowire.ConsumeFieldValue(number, wire, message[tag:])
		if value < 0 {
			return false
		}
		var data []byte
		if wire == protowire.BytesType {
			data, _ = protowire.ConsumeBytes(message[tag:])
		}
		fn(number, data, message[:tag+value])
		message = message[tag+value:]
	}
	return true
}
