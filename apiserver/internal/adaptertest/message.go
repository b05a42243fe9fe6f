package adaptertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
)

// message is a request or a response as an archive has it: a first line,
// header lines, an empty line, a body.
type message struct {
	first  string
	header []headerLine
	body   []byte
}

type headerLine struct{ name, value string }

func parseMessage(data []byte) (*message, error) {
	head, body, _ := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(strings.TrimRight(string(head), "\n"), "\n")
	m := &message{first: lines[0], body: bytes.TrimSuffix(body, []byte("\n"))}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("header line %q has no colon", line)
		}
		m.header = append(m.header, headerLine{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return m, nil
}

// request makes the request that "METHOD target" and the headers say.
func (m *message) request() (*http.Request, error) {
	method, target, ok := strings.Cut(m.first, " ")
	if !ok || !strings.HasPrefix(target, "/") {
		return nil, fmt.Errorf("request line %q, want METHOD /path", m.first)
	}
	target = strings.TrimSuffix(target, " HTTP/1.1")
	req, err := http.NewRequest(method, "http://spanstead.test"+target, bytes.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	req.RequestURI = target
	req.RemoteAddr = "127.0.0.1:1"
	for _, h := range m.header {
		if strings.EqualFold(h.name, "Host") {
			req.Host = h.value
		}
		req.Header.Add(h.name, h.value)
	}
	return req, nil
}

// responseOf describes an answer with the wanted headers alone.
func responseOf(rec *httptest.ResponseRecorder, wanted []headerLine) *message {
	m := &message{first: fmt.Sprint(rec.Code, " ", http.StatusText(rec.Code)), body: rec.Body.Bytes()}
	if len(wanted) == 0 {
		wanted = []headerLine{{name: "Content-Type"}}
	}
	for _, h := range wanted {
		if v := rec.Header().Get(h.name); v != "" {
			m.header = append(m.header, headerLine{h.name, v})
		}
	}
	return m
}

func (m *message) format() []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, m.first)
	for _, h := range m.header {
		fmt.Fprintf(&b, "%s: %s\n", h.name, h.value)
	}
	if len(m.body) > 0 {
		b.WriteByte('\n')
		if json.Indent(&b, bytes.TrimSpace(m.body), "", "  ") != nil {
			b.Write(m.body)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// status is the number at the start of a response's first line.
func (m *message) status() (int, error) {
	digits, _, _ := strings.Cut(m.first, " ")
	return strconv.Atoi(digits)
}

// tree is the body as JSON, numbers as they are written, or as text.
func (m *message) tree() any {
	d := json.NewDecoder(bytes.NewReader(m.body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return strings.TrimSpace(string(m.body))
	}
	return v
}
