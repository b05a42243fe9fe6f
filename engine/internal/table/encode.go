package table

import (
	"math"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Fields of a segment that no filter names.
var (
	hasParent        = query.Field{Scope: query.ScopeIntrinsic, Key: "has_parent"}
	resourceDropped  = query.Field{Scope: query.ScopeIntrinsic, Key: "resource_dropped_attributes_count"}
	resourceEntities = query.Field{Scope: query.ScopeIntrinsic, Key: "resource_entity_refs"}
	scopeDropped     = query.Field{Scope: query.ScopeIntrinsic, Key: "scope_dropped_attributes_count"}
)

// bitsOf is a double's or bool's value as Values.Bits holds it.
func bitsOf(v span.Value) uint64 {
	if v.Type() == span.TypeDouble {
		return math.Float64bits(v.Double())
	}
	if v.Bool() {
		return 1
	}
	return 0
}

// stringOf is a value as Values.Strings holds it.
func stringOf(v span.Value) string {
	switch v.Type() {
	case span.TypeString, span.TypeBytes:
		return v.Str()
	}
	return string(anyValue(v))
}

// anyValue is the OTLP AnyValue message of a value.
func anyValue(v span.Value) []byte { return otlp.AppendValue(nil, v) }

// At is the value of a code, as a column of that type holds it.
func (vs Values) At(t span.Type, code uint32) (span.Value, error) {
	switch t {
	case span.TypeString:
		return span.String(vs.Strings[code]), nil
	case span.TypeBytes:
		return span.BytesString(vs.Strings[code]), nil
	case span.TypeInt:
		return span.Int(int64(vs.Bits[code])), nil
	case span.TypeDouble:
		return span.Double(math.Float64frombits(vs.Bits[code])), nil
	case span.TypeBool:
		return span.Bool(vs.Bits[code] != 0), nil
	}
	return otlp.ParseValue([]byte(vs.Strings[code]))
}

// entityValue holds a resource's entity refs as one value: an array of
// kvlists with schema_url, type, id_keys and description_keys.
func entityValue(refs []span.EntityRef) span.Value {
	var list []span.Value
	for _, e := range refs {
		list = append(list, span.KVList(
			span.KeyValue{Key: "schema_url", Value: span.String(e.SchemaURL)},
			span.KeyValue{Key: "type", Value: span.String(e.Type)},
			span.KeyValue{Key: "id_keys", Value: stringArray(e.IDKeys)},
			span.KeyValue{Key: "description_keys", Value: stringArray(e.DescriptionKeys)},
		))
	}
	return span.Array(list...)
}

func stringArray(keys []string) span.Value {
	list := make([]span.Value, len(keys))
	for i, k := range keys {
		list[i] = span.String(k)
	}
	return span.Array(list...)
}

// EntityRefs is the inverse of the value that a resource's entity refs are
// stored as.
func EntityRefs(v span.Value) []span.EntityRef {
	var out []span.EntityRef
	for _, e := range v.List() {
		get := func(key string) span.Value { v, _ := span.Lookup(e.Value.List(), key); return v }
		out = append(out, span.EntityRef{
			SchemaURL: get("schema_url").Str(), Type: get("type").Str(),
			IDKeys: stringsOf(get("id_keys")), DescriptionKeys: stringsOf(get("description_keys")),
		})
	}
	return out
}

func stringsOf(v span.Value) []string {
	var out []string
	for _, e := range v.List() {
		out = append(out, e.Value.Str())
	}
	return out
}
