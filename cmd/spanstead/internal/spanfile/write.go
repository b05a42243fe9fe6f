package spanfile

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// Format is how spans are written.
type Format string

// The formats.
const (
	JSON  Format = "json"  // an ExportTraceServiceRequest a line
	Proto Format = "proto" // each with its length before it
)

// Writer writes messages to a file. It buffers nothing and closes nothing.
type Writer struct {
	w      io.Writer
	format Format
	buf    []byte
}

// NewWriter makes a writer.
func NewWriter(w io.Writer, f Format) *Writer { return &Writer{w: w, format: f} }

// Write writes the spans as one message.
func (w *Writer) Write(spans []*span.Span) error {
	if w.format == JSON {
		w.buf = append(otlp.AppendJSON(w.buf[:0], spans), '\n')
	} else {
		w.buf = otlp.AppendRequest(append(w.buf[:0], 0, 0, 0, 0), spans)
		size := len(w.buf) - 4
		if size > MaxMessage {
			return fmt.Errorf("a message of %d bytes, at most %d", size, MaxMessage)
		}
		binary.BigEndian.PutUint32(w.buf, uint32(size))
	}
	_, err := w.w.Write(w.buf)
	return err
}
