package match

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

// maxDifferences bounds what Missing tells.
const maxDifferences = 20

// ParseJSON reads one JSON value, numbers as json.Number.
func ParseJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(text[d.InputOffset():])) != "" {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return v, nil
}

// Missing lists what of want is not in got, each line with its JSON pointer;
// nothing when want is contained in got. An object contains one that has fewer
// members, an array one of the same length whose elements it contains in
// order. Numbers are compared by their value. Both are as ParseJSON returns them.
func Missing(want, got any) []string {
	d := &differ{}
	d.compare("", want, got)
	return d.lines
}

type differ struct{ lines []string }

func (d *differ) add(place, format string, args ...any) {
	if len(d.lines) < maxDifferences {
		if place == "" {
			place = "body"
		}
		d.lines = append(d.lines, place+": "+fmt.Sprintf(format, args...))
	}
}

func (d *differ) compare(place string, want, got any) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			d.add(place, "want an object, got %s", Short(got))
			return
		}
		for key, w := range want {
			g, ok := object[key]
			at := place + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
			if !ok {
				d.add(at, "want %s, got nothing", Short(w))
				continue
			}
			d.compare(at, w, g)
		}
	case []any:
		array, ok := got.([]any)
		if !ok || len(array) != len(want) {
			d.add(place, "want an array of %d, got %s", len(want), Short(got))
			return
		}
		for i := range want {
			d.compare(fmt.Sprintf("%s/%d", place, i), want[i], array[i])
		}
	default:
		if !equal(want, got) {
			d.add(place, "want %s, got %s", Short(want), Short(got))
		}
	}
}

// equal compares what is neither array nor object.
func equal(want, got any) bool {
	a, isNumber := want.(json.Number)
	b, isNumber2 := got.(json.Number)
	if !isNumber || !isNumber2 {
		switch got.(type) {
		case map[string]any, []any:
			return false
		}
		return want == got
	}
	return a == b || sameNumber(string(a), string(b))
}

func sameNumber(a, b string) bool {
	// An exponent of nine digits would be computed for minutes.
	if len(a) > 64 || len(b) > 64 || hugeExponent(a) || hugeExponent(b) {
		return false
	}
	x, ok := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return ok && ok2 && x.Cmp(y) == 0
}

func hugeExponent(number string) bool {
	at := strings.IndexAny(number, "eE")
	return at >= 0 && len(strings.TrimLeft(number[at+1:], "+-0")) > 3
}

// Short is a value's JSON, cut to a length that fits into a line.
func Short(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%T", v)
	}
	const most = 200
	if len(b) > most {
		return string(b[:most]) + "…"
	}
	return string(b)
}
