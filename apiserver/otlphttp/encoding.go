package otlphttp

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
)

// encoding is one of the two forms of OTLP/HTTP.
type encoding bool

const (
	asProtobuf encoding = false
	asJSON     encoding = true
)

func encodingOf(r *http.Request) (encoding, error) {
	text := r.Header.Get("Content-Type")
	mediaType, _, err := mime.ParseMediaType(text)
	switch {
	case err == nil && mediaType == "application/x-protobuf", err == nil && mediaType == "application/protobuf":
		return asProtobuf, nil
	case err == nil && mediaType == "application/json":
		return asJSON, nil
	}
	return asProtobuf, rest.Errorf(http.StatusUnsupportedMediaType,
		"content type %.100q: want application/x-protobuf or application/json", text)
}

// protobuf is the request's bytes as protobuf.
func (e encoding) protobuf(data []byte) ([]byte, error) {
	if e == asProtobuf {
		return data, nil
	}
	return otlp.JSONToProto(nil, data)
}

// succeed answers what the store took. The partial success is left unset when
// it took everything, as the specification asks.
func (e encoding) succeed(w http.ResponseWriter, a store.Appended) {
	res := &collector.ExportTraceServiceResponse{}
	if a.Rejected > 0 || a.Message != "" {
		res.PartialSuccess = &collector.ExportTracePartialSuccess{
			RejectedSpans: int64(a.Rejected), ErrorMessage: strings.ToValidUTF8(a.Message, "\uFFFD"),
		}
	}
	e.write(w, http.StatusOK, res)
}

func (e encoding) fail(w http.ResponseWriter, r *http.Request, err error) {
	rest.LogUnknown(r, err)
	f := failureOf(err)
	if f.retryAfter > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(f.retryAfter))
	}
	if f.status == http.StatusUnsupportedMediaType {
		w.Header().Set("Accept-Encoding", "gzip, zstd")
	}
	e.write(w, f.status, &status.Status{Code: int32(f.code), Message: f.message})
}

func (e encoding) write(w http.ResponseWriter, status int, m proto.Message) {
	marshal, contentType := proto.Marshal, "application/x-protobuf"
	if e == asJSON {
		marshal, contentType = protojson.Marshal, "application/json"
	}
	b, err := marshal(m)
	if err != nil {
		panic(err) // messages of ours, in UTF-8
	}
	rest.WriteBody(w, status, contentType, b)
}
