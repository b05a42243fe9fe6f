package otlpgrpc

import (
	"fmt"

	"google.golang.org/grpc/mem"
)

// frame is one message as its bytes.
type frame struct {
	data   []byte
	buffer mem.Buffer // holds data when it was received
}

func (f *frame) free() {
	if f.buffer != nil {
		f.buffer.Free()
	}
}

// rawCodec moves frames to and from the wire unchanged.
type rawCodec struct{}

// Name is that of the codec whose messages these are.
func (rawCodec) Name() string { return "proto" }

// Marshal gives out a frame's bytes.
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	f, ok := v.(*frame)
	if !ok {
		return nil, fmt.Errorf("otlpgrpc: message of type %T", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(f.data)}, nil
}

// Unmarshal makes a frame of received bytes; its free returns them.
func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	f, ok := v.(*frame)
	if !ok {
		return fmt.Errorf("otlpgrpc: message of type %T", v)
	}
	f.buffer = data.MaterializeToBuffer(mem.DefaultBufferPool())
	f.data = f.buffer.ReadOnlyData()
	return nil
}
