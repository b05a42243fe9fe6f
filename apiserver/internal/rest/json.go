package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep the arrays and objects of a body may nest.
const MaxDepth = 64

// DefaultMaxBody is the limit that MaxBody zero stands for.
const DefaultMaxBody = 1 << 20

// JSONOptions says how a body is read.
type JSONOptions struct {
	MaxBody       int64 // bytes; 0 means DefaultMaxBody
	RefuseUnknown bool  // an unknown field is an error; otherwise it is skipped
	AllowEmpty    bool  // an empty body leaves v as it is; otherwise it is an error
}

// DecodeJSON reads the request's whole body, one JSON value, into v. The error
// is an *Error: 413 for a body over the limit, otherwise 400 with a message
// that carries the offset of the fault. Of equal keys the last one counts;
// null for the whole body is refused; what is not UTF-8 is refused.
func DecodeJSON(r *http.Request, v any, opt JSONOptions) error {
	body, err := ReadBody(r, opt.MaxBody)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 && opt.AllowEmpty {
		return nil
	}
	return UnmarshalJSON(body, v, opt)
}

// ReadBody reads a body of at most limit bytes; 0 means DefaultMaxBody. The
// error is an *Error, 413 for a longer one.
func ReadBody(r *http.Request, limit int64) ([]byte, error) {
	if limit == 0 {
		limit = DefaultMaxBody
	}
	if r.ContentLength > limit {
		return nil, Errorf(http.StatusRequestEntityTooLarge, "request body is larger than %d bytes", limit)
	}
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case int64(len(body)) > limit:
		return nil, Errorf(http.StatusRequestEntityTooLarge, "request body is larger than %d bytes", limit)
	case err != nil:
		return nil, Errorf(http.StatusBadRequest, "request body ends after %d bytes: %v", len(body), err)
	}
	return body, nil
}

// UnmarshalJSON is DecodeJSON for bytes at hand, such as a query parameter
// that holds JSON.
func UnmarshalJSON(body []byte, v any, opt JSONOptions) error {
	if err := CheckJSON(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if opt.RefuseUnknown {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		return jsonError(err, int64(len(body)))
	}
	return nil
}

// CheckJSON reports whether body is one JSON value other than null, in UTF-8,
// that nests no deeper than MaxDepth.
func CheckJSON(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return Errorf(http.StatusBadRequest, "request body is empty, want JSON")
	}
	if at := invalidUTF8(body); at >= 0 {
		return Errorf(http.StatusBadRequest, "invalid JSON at offset %d: not UTF-8", at)
	}
	if at := tooDeep(body); at >= 0 {
		return Errorf(http.StatusBadRequest, "invalid JSON at offset %d: nested deeper than %d", at, MaxDepth)
	}
	var raw json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		return jsonError(err, int64(len(body)))
	}
	if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return Errorf(http.StatusBadRequest, "request body is null")
	}
	return nil
}

func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// tooDeep finds the bracket that opens a level past MaxDepth, without
// checking the syntax.
func tooDeep(b []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > MaxDepth {
				return i
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return -1
}

func jsonError(err error, size int64) *Error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	var own *Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &typ):
		return typeError(typ)
	case errors.As(err, &syntax):
		return Errorf(http.StatusBadRequest, "invalid JSON at offset %d: %v", syntax.Offset, syntax)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return Errorf(http.StatusBadRequest, "invalid JSON at offset %d: it ends too soon", size)
	}
	return Errorf(http.StatusBadRequest, "invalid JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
}

func typeError(e *json.UnmarshalTypeError) *Error {
	place := "request body"
	switch {
	case e.Field != "" && e.Offset > 0:
		place = fmt.Sprintf("field %s at offset %d", e.Field, e.Offset)
	case e.Field != "":
		place = "field " + e.Field
	}
	return &Error{Status: http.StatusBadRequest, Field: e.Field,
		Message: fmt.Sprintf("%s: want %s, got %s", place, wanted(e.Type), e.Value)}
}

// WriteJSON writes v with a status, as one piece with its length. v must be
// something that marshals: wire types of our own.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("rest: answer of type %T: %v", v, err)) // a wire type that cannot be written is our bug
	}
	WriteBody(w, status, "application/json", buf.Bytes())
}

// WriteBody writes a whole body with its type and length.
func WriteBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone; nobody is left to tell
}
