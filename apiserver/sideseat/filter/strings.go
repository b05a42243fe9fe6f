package filter

// ShapeError is JSON that is well formed and not what was asked for.
type ShapeError struct{ SyntaxError }

// Strings reads a JSON object with one list of texts, and says what is wrong
// in the service's words. The error is a *SyntaxError or a *ShapeError.
func Strings(text, key, typeName string) ([]string, error) {
	s := &scanner{text: text}
	n, err := s.value(2)
	if err != nil {
		return nil, err
	}
	if !s.end() {
		return nil, s.failAt(s.at+1, "trailing characters")
	}
	shape := func(at int, format string, args ...any) error {
		e, _ := s.failAt(at, format, args...).(*SyntaxError)
		return &ShapeError{*e}
	}
	var list *node
	switch n.kind {
	case 'a':
		if len(n.list) == 0 {
			return nil, shape(n.end, "invalid length 0, expected struct %s with 1 element", typeName)
		}
		list = &n.list[0]
	case 'o':
		list = n.get(key)
		for i, seen := 0, false; i < len(n.fields); i++ {
			if n.fields[i].key == key && seen {
				return nil, shape(n.fields[i].after, "duplicate field `%s`", key)
			}
			seen = seen || n.fields[i].key == key
		}
	default:
		return nil, shape(n.end, "invalid type: %s, expected struct %s", n.describe(), typeName)
	}
	if list == nil {
		return nil, shape(n.end, "missing field `%s`", key)
	}
	if list.kind != 'a' {
		return nil, shape(list.at(), "%s: invalid type: %s, expected a sequence", key, list.describe())
	}
	texts := []string{}
	for i := range list.list {
		e := &list.list[i]
		if e.kind != 's' {
			return nil, shape(e.at(), "%s[%d]: invalid type: %s, expected a string", key, i, e.describe())
		}
		texts = append(texts, e.text)
	}
	return texts, nil
}
