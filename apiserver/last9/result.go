package last9

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/span"
)

// flushAt is how much of an answer is held back before it is sent.
const flushAt = 64 << 10

const (
	resultOpens  = `{"status":"success","data":{"resultType":"stream","result":[`
	resultCloses = "]}}\n"
)

// result is an answer's list, written as it comes.
type result struct {
	w    http.ResponseWriter
	buf  []byte
	sent bool
	rows int
	err  error
}

// writeResult writes the envelope with what fill puts into its list. An error
// before anything was sent is returned; after that the connection is cut, so
// that the client does not take a part for the whole.
func writeResult(w http.ResponseWriter, r *http.Request, fill func(*result) error) error {
	out := &result{w: w, buf: []byte(resultOpens)}
	err := fill(out)
	switch {
	case err != nil && !out.sent:
		return err
	case err != nil:
		rest.LogUnknown(r, err)
		panic(http.ErrAbortHandler)
	}
	out.buf = append(out.buf, resultCloses...)
	if !out.sent {
		rest.WriteBody(w, http.StatusOK, "application/json", out.buf)
		return nil
	}
	out.flush()
	return nil
}

// row adds a span, or a line of a table; false means that nobody reads on.
func (o *result) row(s *span.Span, table bool) bool {
	o.item(func(b []byte) []byte {
		if table {
			return span.AppendJSONObject(b, s.Attributes)
		}
		return appendRow(b, s)
	})
	return o.err == nil
}

// item adds one element that appendTo writes.
func (o *result) item(appendTo func([]byte) []byte) {
	if o.rows++; o.rows > 1 {
		o.buf = append(o.buf, ',')
	}
	o.buf = appendTo(o.buf)
	if len(o.buf) >= flushAt {
		o.flush()
	}
}

func (o *result) flush() {
	if !o.sent {
		o.w.Header().Set("Content-Type", "application/json")
		o.w.WriteHeader(http.StatusOK)
		o.sent = true
	}
	_, o.err = o.w.Write(o.buf)
	o.buf = o.buf[:0]
}
