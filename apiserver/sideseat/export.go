package sideseat

import (
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/gorilla/mux"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
)

// export answers POST /otel/{project}/v1/traces as the service does: spans
// with ids of any length are taken, JSON is what has that content type, and
// nothing is ever said to be rejected.
func (a *Adapter) export(w http.ResponseWriter, r *http.Request) error {
	project := mux.Vars(r)["project"]
	if !validProject(project) {
		return &plain{http.StatusBadRequest, "Invalid project_id"}
	}
	body, err := a.exportBody(r)
	if err != nil {
		return err
	}
	asJSON := isJSON(r)
	if asJSON {
		if body, err = protobufOfJSON(body); err != nil {
			return undecoded(true)
		}
	} else if body, err = placeProtobuf(body); err != nil {
		return undecoded(false)
	}
	if err := a.keepResent(r.Context(), project, body); err != nil {
		return err
	}
	appended, err := a.opt.Store.Append(r.Context(), project, body)
	if err != nil {
		return err
	}
	return answerExport(w, asJSON, appended)
}

func answerExport(w http.ResponseWriter, asJSON bool, appended store.Appended) error {
	if asJSON && appended.Rejected == 0 {
		rest.WriteBody(w, http.StatusOK, "application/json", []byte(`{"partialSuccess":null}`))
		return nil
	}
	res := &collector.ExportTraceServiceResponse{}
	if appended.Rejected > 0 {
		res.PartialSuccess = &collector.ExportTracePartialSuccess{
			RejectedSpans: int64(appended.Rejected), ErrorMessage: strings.ToValidUTF8(appended.Message, "\uFFFD"),
		}
	}
	if asJSON {
		rest.WriteJSON(w, http.StatusOK, map[string]any{"partialSuccess": map[string]any{
			"rejectedSpans": appended.Rejected, "errorMessage": res.PartialSuccess.ErrorMessage,
		}})
		return nil
	}
	b, err := proto.Marshal(res)
	if err != nil {
		return err
	}
	rest.WriteBody(w, http.StatusOK, "application/x-protobuf", b)
	return nil
}

func isJSON(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == "application/json"
}

// isJSONBody also takes the types of JSON with a name of their own.
func isJSONBody(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && strings.HasPrefix(mediaType, "application/") && (mediaType == "application/json" || strings.HasSuffix(mediaType, "+json"))
}

// undecoded is what the service says of a request that it cannot read.
func undecoded(asJSON bool) error {
	if asJSON {
		return &plain{http.StatusBadRequest, "Failed to decode JSON request"}
	}
	return &plain{http.StatusBadRequest, "Failed to decode protobuf request"}
}

// exportBody reads the body, inflated, up to the limit. An encoding that is not
// known is taken for none.
func (a *Adapter) exportBody(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return rest.ReadBody(r, a.opt.MaxIngest)
	}
	in, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, undecoded(isJSON(r))
	}
	body, err := io.ReadAll(io.LimitReader(in, a.opt.MaxIngest+1))
	switch {
	case int64(len(body)) > a.opt.MaxIngest:
		return nil, rest.Errorf(http.StatusRequestEntityTooLarge, "request is larger than %d bytes after decompression", a.opt.MaxIngest)
	case err != nil:
		return nil, undecoded(isJSON(r))
	}
	return body, nil
}

func protobufOfJSON(body []byte) ([]byte, error) {
	placed, err := placeJSON(body)
	if err != nil {
		return nil, err
	}
	return otlp.JSONToProto(nil, placed)
}
