package double_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver"
	"github.com/spanstead/spanstead/apiserver/internal/double"
	"github.com/spanstead/spanstead/apiserver/internal/faults"
	"github.com/spanstead/spanstead/apiserver/internal/journal"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

func requestWith(ids ...byte) []byte {
	var spans []*span.Span
	for _, id := range ids {
		spans = append(spans, &span.Span{
			TraceID: span.TraceID{15: id}, SpanID: span.SpanID{7: id}, Name: "op", StartTimeUnixNano: 1e9, EndTimeUnixNano: 2e9,
			Resource: &span.Resource{Attributes: []span.KeyValue{{Key: "service.name", Value: span.String("web")}}}, Scope: &span.Scope{},
		})
	}
	return otlp.AppendRequest(nil, spans)
}

func post(h http.Handler, path string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, body)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func count(t *testing.T, st store.Reader, workspace string) int {
	t.Helper()
	n, err := st.Count(t.Context(), workspace, query.Count{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func find(t *testing.T, d *double.Double, m journal.Match) []journal.Entry {
	t.Helper()
	found, err := d.Journal().Find(m, 0)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// slowBody gives its bytes once it is let go.
type slowBody struct {
	reached chan struct{}
	goOn    chan struct{}
	once    sync.Once
	bytes.Reader
}

func newSlowBody(b []byte) *slowBody {
	s := &slowBody{reached: make(chan struct{}), goOn: make(chan struct{})}
	s.Reset(b)
	return s
}

func (s *slowBody) Read(p []byte) (int, error) {
	s.once.Do(func() {
		close(s.reached)
		<-s.goOn
	})
	return s.Reader.Read(p)
}

// TestRequestsFromBeforeAResetLeaveNothing has spans whose request began before
// a reset and whose body ends after it.
func TestRequestsFromBeforeAResetLeaveNothing(t *testing.T) {
	for _, workspace := range []string{"", "default", "mine"} {
		t.Run("reset of "+workspace, func(t *testing.T) {
			st := storetest.New(t)
			if err := st.CreateWorkspace(t.Context(), "mine"); err != nil {
				t.Fatal(err)
			}
			s := apiserver.New(apiserver.Options{Store: st})
			body := newSlowBody(requestWith(1))
			target := max(workspace, "default")
			answer := make(chan *httptest.ResponseRecorder)
			go func() {
				answer <- post(s.Handler(), "/v1/traces", body, "Content-Type", "application/x-protobuf", "X-Spanstead-Workspace", target)
			}()
			<-body.reached
			if err := s.Double().Reset(t.Context(), workspace); err != nil {
				t.Fatal(err)
			}
			close(body.goOn)
			if rec := <-answer; rec.Code != 503 || rec.Header().Get("Retry-After") == "" {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
			if n := count(t, st, target); n != 0 {
				t.Errorf("%d spans", n)
			}
			if found := find(t, s.Double(), journal.Match{}); len(found) != 0 {
				t.Errorf("in the journal: %+v", found)
			}
		})
	}
}

// TestResetOfAnotherWorkspaceDoesNotTouchARequest is the counterpart.
func TestResetOfAnotherWorkspaceDoesNotTouchARequest(t *testing.T) {
	st := storetest.New(t)
	if err := st.CreateWorkspace(t.Context(), "mine"); err != nil {
		t.Fatal(err)
	}
	s := apiserver.New(apiserver.Options{Store: st})
	body := newSlowBody(requestWith(1))
	answer := make(chan *httptest.ResponseRecorder)
	go func() {
		answer <- post(s.Handler(), "/v1/traces", body, "Content-Type", "application/x-protobuf")
	}()
	<-body.reached
	if err := s.Double().Reset(t.Context(), "mine"); err != nil {
		t.Fatal(err)
	}
	close(body.goOn)
	if rec := <-answer; rec.Code != 200 || count(t, st, "default") != 1 || len(find(t, s.Double(), journal.Match{Status: "200"})) != 1 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// TestDeletedWorkspaceTakesNothingMore has a request go on after its workspace
// was deleted: its spans are not to turn up in the default one.
func TestDeletedWorkspaceTakesNothingMore(t *testing.T) {
	st := storetest.New(t)
	s := apiserver.New(apiserver.Options{Store: st})
	if _, err := s.Double().CreateWorkspace(t.Context(), "mine"); err != nil {
		t.Fatal(err)
	}
	body := newSlowBody(requestWith(1))
	answer := make(chan *httptest.ResponseRecorder)
	go func() {
		answer <- post(s.Handler(), "/v1/traces", body, "Content-Type", "application/x-protobuf", "X-Spanstead-Workspace", "mine")
	}()
	<-body.reached
	if err := s.Double().DeleteWorkspace(t.Context(), "mine"); err != nil {
		t.Fatal(err)
	}
	close(body.goOn)
	if rec := <-answer; rec.Code != 503 || count(t, st, "default") != 0 {
		t.Errorf("%d %s, %d spans in default", rec.Code, rec.Body, count(t, st, "default"))
	}
}

// TestSlowReaderDoesNotHoldUpAReset has a client that takes a long list piece by
// piece: the reset does not wait for it, and the list is still whole.
func TestSlowReaderDoesNotHoldUpAReset(t *testing.T) {
	st := storetest.New(t)
	s := apiserver.New(apiserver.Options{Store: st})
	var ids []byte
	for i := range 200 {
		ids = append(ids, byte(i+1))
	}
	if _, err := st.Append(t.Context(), "default", requestWith(ids...)); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := s.Double().Store().Each(t.Context(), "default", query.Spans{}, func(*span.Span) bool {
		if seen++; seen == 1 {
			if err := s.Double().Reset(t.Context(), ""); err != nil {
				t.Error(err)
			}
		}
		return true
	})
	if err != nil || seen != 200 {
		t.Errorf("%d spans, %v", seen, err)
	}
}

// TestResetsAmongRequests has everything happen at once.
func TestResetsAmongRequests(t *testing.T) {
	st := storetest.New(t)
	s := apiserver.New(apiserver.Options{Store: st})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 30 {
				name := fmt.Sprintf("w%d", (g+i)%3)
				if rec := post(s.Handler(), "/v1/traces", bytes.NewReader(requestWith(byte(i+1))), "Content-Type", "application/x-protobuf", "X-Spanstead-Workspace", name); rec.Code != 200 && rec.Code != 503 {
					t.Errorf("%d %s", rec.Code, rec.Body)
				}
				if rec := post(s.Handler(), "/api/v0/traces", strings.NewReader(`{"serviceName":"web","from":0,"to":9}`), "X-Api-Key", name); rec.Code != 200 && rec.Code != 503 {
					t.Errorf("%d %s", rec.Code, rec.Body)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 20 {
			name := fmt.Sprintf("w%d", i%3)
			_, _ = s.Double().CreateWorkspace(t.Context(), name) // it may be there
			_ = s.Double().Reset(t.Context(), name)              // or not
			if err := s.Double().Reset(t.Context(), ""); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if err := s.Double().Reset(t.Context(), ""); err != nil {
		t.Error(err)
	}
	names, err := st.ListWorkspaces(t.Context())
	if diff := cmp.Diff([]string{"default"}, names); diff != "" || err != nil || count(t, st, "default") != 0 || s.Double().Journal().Size() != 0 {
		t.Errorf("%v %v: %d spans, %d requests", err, diff, count(t, st, "default"), s.Double().Journal().Size())
	}
}

// TestDelaysEndWhenTheServerDrains has a request wait for minutes.
func TestDelaysEndWhenTheServerDrains(t *testing.T) {
	s := apiserver.New(apiserver.Options{Store: storetest.New(t)})
	if _, err := s.Double().AddFault(faults.Fault{Then: faults.Effect{Delay: faults.Delay{Fixed: 5 * time.Minute}}}); err != nil {
		t.Fatal(err)
	}
	answer := make(chan *httptest.ResponseRecorder)
	go func() {
		answer <- post(s.Handler(), "/query/traces", strings.NewReader("{}"), "Authorization", "Bearer k")
	}()
	s.Drain()
	if rec := <-answer; rec.Code != 200 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// failing is a store that cannot delete.
type failing struct{ store.Store }

func (failing) DeleteWorkspace(context.Context, string) error { return errors.New("disk") }

func TestResetThatFailsIsAnError(t *testing.T) {
	s := apiserver.New(apiserver.Options{Store: failing{storetest.New(t)}})
	if err := s.Double().Reset(t.Context(), ""); err == nil {
		t.Error("no error")
	}
	if err := s.Double().Reset(t.Context(), "default"); err == nil {
		t.Error("no error of one workspace")
	}
}

// echo is an adapter whose only route shows what it was sent.
type echo struct{ rest.Vendor }

func (echo) Name() string                                         { return "echo" }
func (echo) Workspace(*http.Request, []byte) string               { return "" }
func (echo) Credential(*http.Request) string                      { return "" }
func (echo) Errors() []rest.NamedError                            { return nil }
func (echo) Fail(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(500) }

func (echo) Routes() []rest.Route {
	return []rest.Route{
		{Method: "POST", Path: "/echo", Handler: func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			w.Header().Set("X-Error", fmt.Sprint(err))
			_, _ = w.Write(b)
		}},
		{Method: "POST", Path: "/silent", Handler: func(http.ResponseWriter, *http.Request) {}},
		{Method: "POST", Path: "/panic", Handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	}
}

// newEcho is a Double before the echo, whose journal keeps 1000 bytes of a body.
func newEcho(t *testing.T) (*double.Double, http.Handler) {
	d := double.New(double.Options{Store: storetest.New(t), Journal: journal.Options{Body: 1000}, Control: "/own/"})
	return d, d.Handler(rest.NewRouter(d.Wrap(echo{})))
}

// TestBodiesPassUnchanged has bodies of many lengths go through whole.
func TestBodiesPassUnchanged(t *testing.T) {
	for _, n := range []int{0, 1, 999, 1000, 1001, 5000} {
		d, h := newEcho(t)
		body := strings.Repeat("x", n)
		for _, in := range []io.Reader{strings.NewReader(body), iotest.OneByteReader(strings.NewReader(body))} {
			rec := post(h, "/echo", in, "Content-Type", "text/plain")
			if rec.Body.String() != body || rec.Header().Get("X-Error") != "<nil>" {
				t.Errorf("%d bytes: got %d, %s", n, rec.Body.Len(), rec.Header().Get("X-Error"))
			}
		}
		e := find(t, d, journal.Match{})[0]
		if len(e.Body) != min(n, 1000) || e.BodyCut != (n > 1000) || e.BodyBytes != int64(n) || e.ResponseBytes != int64(n) {
			t.Errorf("%d bytes: kept %d, cut %v, read %d, answered %d", n, len(e.Body), e.BodyCut, e.BodyBytes, e.ResponseBytes)
		}
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	d, h := newEcho(t)
	rec := post(h, "/echo", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF)), "Content-Type", "text/plain")
	if rec.Body.String() != "half" || rec.Header().Get("X-Error") != "unexpected EOF" {
		t.Errorf("%q, %s", rec.Body, rec.Header().Get("X-Error"))
	}
	if e := find(t, d, journal.Match{})[0]; e.Body != "half" {
		t.Errorf("%+v", e)
	}
}

// TestBinaryBodiesAreNotKept reads nothing before the handler does.
func TestBinaryBodiesAreNotKept(t *testing.T) {
	for _, header := range [][]string{{"Content-Type", "application/x-protobuf"}, {"Content-Type", "application/json", "Content-Encoding", "gzip"}} {
		d, h := newEcho(t)
		if rec := post(h, "/echo", strings.NewReader("\x00\x01"), header...); rec.Body.String() != "\x00\x01" {
			t.Errorf("%q", rec.Body)
		}
		if e := find(t, d, journal.Match{})[0]; e.Body != "" || e.BodyBytes != 2 {
			t.Errorf("%+v", e)
		}
	}
}

func TestAnswersWithoutAWrite(t *testing.T) {
	d, h := newEcho(t)
	post(h, "/silent", nil)
	func() {
		defer func() { _ = recover() }()
		post(h, "/panic", nil)
	}()
	post(h, "/own/path", nil)
	var got []string
	for _, e := range find(t, d, journal.Match{}) {
		got = append(got, fmt.Sprint(e.Path, " ", e.Status, " ", e.Took > 0))
	}
	if diff := cmp.Diff([]string{"/panic 0 true", "/silent 200 true"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
