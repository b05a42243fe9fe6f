package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// flushAt is how much of a long answer is held back before it is sent.
const flushAt = 64 << 10

// WriteArray writes a JSON array of what each hands to add, without holding
// it all; each stops when add returns false. An error that comes before
// anything was sent is returned, to be answered. After that the answer cannot
// be taken back: the error is logged and the connection is cut, so that the
// client does not take a part for the whole.
func WriteArray(w http.ResponseWriter, r *http.Request, each func(add func(v any) bool) error) error {
	var buf bytes.Buffer
	sent := false
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	var writeErr error
	send := func() {
		if !sent {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusOK)
			sent = true
		}
		_, writeErr = w.Write(buf.Bytes())
		buf.Reset()
	}
	separator := byte('[')
	err := each(func(v any) bool {
		buf.WriteByte(separator)
		separator = ','
		if err := enc.Encode(v); err != nil {
			panic(err) // a wire type that cannot be written is our bug
		}
		buf.Truncate(buf.Len() - 1) // the encoder's newline
		if buf.Len() >= flushAt {
			send()
		}
		return writeErr == nil
	})
	switch {
	case err != nil && !sent:
		return err
	case err != nil:
		LogUnknown(r, err)
		panic(http.ErrAbortHandler)
	}
	if separator == '[' {
		buf.WriteByte('[')
	}
	buf.WriteString("]\n")
	send()
	return nil
}
