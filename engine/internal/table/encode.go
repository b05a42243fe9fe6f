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
	ResourceDropped  = query.Field{Scope: query.ScopeIntrinsic, Key: "resource_dropped_attributes_count"}
	ResourceEntities = query.Field{Scope: query.ScopeIntrinsic, Key: "resource_entity_refs"}
	ScopeDropped     = query.Field{Scope: query.ScopeIntrinsic, Key: "scope_dropped_attributes_count"}
)

// BitsOf is an int, double or bool as Values.Bits holds it.
func BitsOf(v span.Value) uint64 {
	switch v.Type() {
	case span.TypeInt:
		return uint64(v.Int())
	case span.TypeDouble:
		return math.Float64bits(v.Double())
	}
	if v.Bool() {
		return 1
	}
	return 0
}

// StringOf is a value as Values.Strings holds it.
func StringOf(v span.Value) string {
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
	case span.TypeInt, span.TypeDouble, span.TypeBool:
		return NumberOf(t, vs.Bits[code]), nil
	}
	return otlp.ParseValue([]byte(vs.Strings[code]))
}

// NumberOf is an int, double or bool from its bits in Values.Bits.
func NumberOf(t span.Type, bits uint64) span.Value {
	switch t {
	case span.TypeInt:
		return span.Int(int64(bits))
	case span.TypeDouble:
		return span.Double(math.Float64frombits(bits))
	}
	return span.Bool(bits != 0)
}

// EntityValue holds a resource's entity refs as one value: an array of
// kvlists with schema_url, type, id_keys and description_keys.
func EntityValue(refs []span.EntityRef) span.Value {
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
