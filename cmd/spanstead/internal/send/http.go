package send

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	tracesPath  = "/v1/traces"
	protobuf    = "application/x-protobuf"
	maxResponse = 4 << 20
)

// httpExporter is OTLP/HTTP with protobuf.
type httpExporter struct {
	url    string
	opt    Options
	client *http.Client
	packed bytes.Buffer
}

func newHTTP(u *url.URL, opt Options) *httpExporter {
	own := *u
	if !strings.HasSuffix(own.Path, tracesPath) {
		own.Path = strings.TrimSuffix(own.Path, "/") + tracesPath
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	return &httpExporter{url: own.String(), opt: opt, client: &http.Client{Transport: t}}
}

func (h *httpExporter) close() error {
	h.client.CloseIdleConnections()
	return nil
}

func (h *httpExporter) attempt(ctx context.Context, request []byte) (Answer, *failure) {
	body := request
	if !h.opt.Plain {
		var err error
		if body, err = h.compress(request); err != nil {
			return Answer{}, &failure{err: err}
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return Answer{}, &failure{err: err}
	}
	for name, values := range h.opt.Header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", protobuf)
	if !h.opt.Plain {
		r.Header.Set("Content-Encoding", "gzip")
	}
	res, err := h.client.Do(r)
	if err != nil {
		return Answer{}, &failure{err: err, again: true}
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxResponse))
	if res.StatusCode/100 != 2 {
		return Answer{}, h.failed(res, answer)
	}
	if err != nil {
		return Answer{}, &failure{err: err, again: true}
	}
	return parseAnswer(answer), nil
}

func (h *httpExporter) compress(request []byte) ([]byte, error) {
	h.packed.Reset()
	w, err := gzip.NewWriterLevel(&h.packed, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(request); err != nil {
		return nil, err
	}
	err = w.Close()
	return h.packed.Bytes(), err
}

// repeatable are the status codes after which OTLP lets a client try again.
var repeatable = []int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}

func (h *httpExporter) failed(res *http.Response, body []byte) *failure {
	f := &failure{err: fmt.Errorf("%s%s", res.Status, reasonOf(res, body)), again: slices.Contains(repeatable, res.StatusCode)}
	f.after = retryAfter(res.Header.Get("Retry-After"), h.opt.Now())
	return f
}

// reasonOf is what the server says went wrong: the message of a Status, or
// the beginning of a text.
func reasonOf(res *http.Response, body []byte) string {
	const most = 300
	text := string(body[:min(len(body), most)])
	if strings.HasPrefix(res.Header.Get("Content-Type"), protobuf) {
		var s status.Status
		if proto.Unmarshal(body, &s) != nil {
			return ""
		}
		text = s.GetMessage()
	}
	if text = strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD")); text == "" {
		return ""
	}
	return ": " + text
}

// retryAfter reads the header: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
