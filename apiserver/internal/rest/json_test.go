package rest

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type inner struct {
	N *Integer `json:"n"`
}

type sample struct {
	Name  string   `json:"name"`
	N     *Integer `json:"n"`
	List  []inner  `json:"list"`
	Inner inner    `json:"inner"`
}

func TestDecodeJSONRefuses(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1)
	tests := []struct {
		name, body string
		opt        JSONOptions
		status     int
		field, has string
	}{
		{"empty", "", JSONOptions{}, 400, "", "empty"},
		{"spaces", " \n", JSONOptions{}, 400, "", "empty"},
		{"null", " null ", JSONOptions{}, 400, "", "null"},
		{"null where empty is allowed", "null", JSONOptions{AllowEmpty: true}, 400, "", "null"},
		{"syntax", `{"name":}`, JSONOptions{}, 400, "", "offset 9"},
		{"cut short", `{"name":"a`, JSONOptions{}, 400, "", "offset 10"},
		{"trailing data", `{} {}`, JSONOptions{}, 400, "", "offset 4"},
		{"not UTF-8", "{\"name\":\"\xff\"}", JSONOptions{}, 400, "", "offset 9"},
		{"too deep", `{"x":` + deep + `}`, JSONOptions{}, 400, "", "offset 68"},
		{"array for object", `[]`, JSONOptions{}, 400, "", "want an object, got array"},
		{"number for string", `{"name":5}`, JSONOptions{}, 400, "name", "want a string, got number"},
		{"string for integer", `{"n":"5"}`, JSONOptions{}, 400, "n", "want an integer, got string"},
		{"fraction", `{"inner":{"n":1.5}}`, JSONOptions{}, 400, "inner.n", "want an integer, got number 1.5"},
		{"past 64 bits", `{"n":9223372036854775808}`, JSONOptions{}, 400, "n", "want an integer"},
		{"past all bounds", `{"n":1e999}`, JSONOptions{}, 400, "n", "want an integer"},
		{"unknown field", `{"no":1}`, JSONOptions{RefuseUnknown: true}, 400, "", "no"},
		{"too large", `{"name":"aaaa"}`, JSONOptions{MaxBody: 8}, 413, "", "larger than 8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, known := range []bool{true, false} { // with a Content-Length, and without one
				r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
				if !known {
					r.ContentLength = -1
				}
				var v sample
				var e *Error
				if err := DecodeJSON(r, &v, tt.opt); !errors.As(err, &e) {
					t.Fatalf("%v, want an *Error", err)
				}
				if e.Status != tt.status || e.Field != tt.field || !strings.Contains(e.Message, tt.has) {
					t.Errorf("%d %q %q; want %d %q with %q", e.Status, e.Field, e.Message, tt.status, tt.field, tt.has)
				}
			}
		})
	}
}

func TestDecodeJSONTakes(t *testing.T) {
	tests := []struct {
		name, body string
		opt        JSONOptions
		n          Integer
	}{
		{"integer", `{"n":20}`, JSONOptions{}, 20},
		{"integer with a point", `{"n":20.0}`, JSONOptions{}, 20},
		{"integer with an exponent", `{"n":2e1}`, JSONOptions{}, 20},
		{"smallest", `{"n":-9223372036854775808}`, JSONOptions{}, math.MinInt64},
		{"null", `{"n":null}`, JSONOptions{}, 0},
		{"last of equal keys", `{"n":1,"n":2}`, JSONOptions{}, 2},
		{"unknown field", `{"no":1,"n":3}`, JSONOptions{}, 3},
		{"as deep as may be", `{"x":` + strings.Repeat("[", MaxDepth-1) + strings.Repeat("]", MaxDepth-1) + `,"n":4}`, JSONOptions{}, 4},
		{"brackets in a string", `{"name":"` + strings.Repeat(`[{\"`, 100) + `","n":5}`, JSONOptions{}, 5},
		{"nothing, allowed", ``, JSONOptions{AllowEmpty: true}, 0},
	}
	for _, tt := range tests {
		var v sample
		err := DecodeJSON(httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body)), &v, tt.opt)
		var n Integer
		if v.N != nil {
			n = *v.N
		}
		if err != nil || n != tt.n {
			t.Errorf("%s: %d, %v; want %d", tt.name, n, err, tt.n)
		}
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("{"), brokenReader{}))
	var e *Error
	if err := DecodeJSON(r, &sample{}, JSONOptions{}); !errors.As(err, &e) || e.Status != 400 || !strings.Contains(e.Message, "after 1 bytes") {
		t.Errorf("%v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestWriteJSON(t *testing.T) {
	rec := httptest.NewRecorder()
	WriteJSON(rec, 201, map[string]string{"a": "<&>"})
	if want := "{\"a\":\"<&>\"}\n"; rec.Code != 201 || rec.Body.String() != want || rec.Header().Get("Content-Length") != "12" {
		t.Errorf("%d %q %v", rec.Code, rec.Body, rec.Header())
	}
}

func TestWriteArray(t *testing.T) {
	for n, want := range []string{"[]\n", "[0]\n", "[0,1]\n"} {
		rec := httptest.NewRecorder()
		err := WriteArray(rec, httptest.NewRequest("GET", "/", nil), func(add func(any) bool) error {
			for i := range n {
				add(i)
			}
			return nil
		})
		if err != nil || rec.Body.String() != want || rec.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%d: %q, %v", n, rec.Body, err)
		}
	}
	rec := httptest.NewRecorder()
	fault := errors.New("fault")
	err := WriteArray(rec, httptest.NewRequest("GET", "/", nil), func(add func(any) bool) error { add(1); return fault })
	if !errors.Is(err, fault) || rec.Body.Len() > 0 {
		t.Errorf("%v after %q", err, rec.Body)
	}
}

func TestUnixNano(t *testing.T) {
	tests := []struct {
		text string
		want uint64
	}{
		{"1969-12-31T23:59:59.5Z", 0}, {"1970-01-01T00:00:00Z", 0}, {"1970-01-01T00:00:01.000000002+00:00", 1_000_000_002},
		{"0001-01-01T00:00:00Z", 0}, {"9999-12-31T23:59:59Z", math.MaxInt64},
	}
	for _, tt := range tests {
		at, err := time.Parse(time.RFC3339, tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := UnixNano(at); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.text, got, tt.want)
		}
		if tt.want == 1_000_000_002 && !Time(tt.want).Equal(at) {
			t.Errorf("%v, want %v", Time(tt.want), at)
		}
	}
}

func TestBearerToken(t *testing.T) {
	tests := []struct {
		header, token string
		ok            bool
	}{
		{"Bearer abc", "abc", true}, {"bearer  abc ", "abc", true}, {"Bearer", "", false}, {"Bearer ", "", false},
		{"", "", false}, {"Basic abc", "", false}, {"abc", "", false}, {"Bearer a b", "", false}, {"Bearer \x01", "", false},
		{"Bearer " + strings.Repeat("x", MaxCredential+1), "", false},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", tt.header)
		if token, ok := BearerToken(r); ok != tt.ok || ok && token != tt.token {
			t.Errorf("%.30q: %q, %v", tt.header, token, ok)
		}
	}
}

func FuzzUnmarshalJSON(f *testing.F) {
	for _, s := range []string{`{"name":"a","n":1}`, `{"list":[{"n":1.0}]}`, `[[[`, "null", `{"n":1e5}`, "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v sample
		err := UnmarshalJSON(b, &v, JSONOptions{})
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Status != 400 || e.Message == "") {
			t.Errorf("%q: %v", b, err)
		}
		if err == nil && len(bytes.TrimSpace(b)) == 0 {
			t.Error("nothing was taken for something")
		}
	})
}
