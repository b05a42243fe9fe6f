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
	if n.kind != 'o' {
		return nil, shape(n.end, "invalid type: %s, expected struct %s", n.describe(), typeName)
	}
	list := n.get(key)
	if list == nil {
		return nil, shape(n.end, "missing field `%s`", key)
	}
	if list.kind != 'a' {
		return nil, shape(list.end, "%s: invalid type: %s, expected a sequence", key, list.describe())
	}
	texts := []string{}
	for i := range list.list {
		e := &list.list[i]
		if e.kind != 's' {
			return nil, shape(e.end, "%s[%d]: invalid type: %s, expected a string", key, i, e.describe())
		}
		texts = append(texts, e.text)
	}
	return texts, nil
}
