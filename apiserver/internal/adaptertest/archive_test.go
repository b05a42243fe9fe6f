package adaptertest

import (
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = `What it is about.
-- settings --
fidelity: observed
-- a.request --
POST /path?x=1
X-Key: v
X-Key: w

{"a":1}
-- not a marker
-- a.response --
200 OK
`

func TestArchiveRoundTrip(t *testing.T) {
	a := ParseArchive([]byte(sample))
	if diff := cmp.Diff(sample, string(a.Format())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(a.Files) != 3 || a.Setting("fidelity") != "observed" || a.Setting("other") != "" {
		t.Errorf("%+v", a)
	}
}

func TestMessageRequest(t *testing.T) {
	m, err := parseMessage(ParseArchive([]byte(sample)).File("a.request").Data)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.request()
	if err != nil {
		t.Fatal(err)
	}
	if r.Method != "POST" || r.URL.Path != "/path" || r.URL.RawQuery != "x=1" || len(r.Header.Values("X-Key")) != 2 {
		t.Errorf("%v %v %v", r.Method, r.URL, r.Header)
	}
	if want := "{\"a\":1}\n-- not a marker"; string(m.body) != want {
		t.Errorf("body %q, want %q", m.body, want)
	}
}

func TestMessageRequestRefused(t *testing.T) {
	for _, text := range []string{"", "GET", "GET path", "GET /%zz"} {
		m, err := parseMessage([]byte(text))
		if err != nil {
			continue
		}
		if _, err := m.request(); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, err := parseMessage([]byte("GET /\nno colon")); err == nil {
		t.Error("a header line without a colon was taken")
	}
}

// TestTreeKeepsNumbers has 1 and 1.0 differ, and keys in any order be equal.
func TestTreeKeepsNumbers(t *testing.T) {
	tree := func(s string) any { return (&message{body: []byte(s)}).tree() }
	if cmp.Equal(tree(`[1]`), tree(`[1.0]`)) {
		t.Error("1 equals 1.0")
	}
	if !cmp.Equal(tree(`{"a":1,"b":2}`), tree(`{"b":2, "a":1}`)) {
		t.Error("the order of keys counts")
	}
	if tree("plain text\n") != "plain text" || tree("{} {}") != "{} {}" {
		t.Error("what is not one JSON value is not text")
	}
}

func TestResponseOfHasTheWantedHeaders(t *testing.T) {
	rec := httptest.NewRecorder()
	rec.Header().Set("Content-Type", "application/json")
	rec.Header().Set("X-One", "1")
	rec.WriteHeader(404)
	_, _ = rec.WriteString(`{"a":[]}`)
	got := string(responseOf(rec, []headerLine{{name: "X-One"}, {name: "X-Two"}}).format())
	if want := "404 Not Found\nX-One: 1\n\n{\n  \"a\": []\n}\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
