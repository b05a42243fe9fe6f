package last9_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// vendorClient does what the vendor's own client does, over https alone: it
// trusts nothing but the claims of its tokens.
type vendorClient struct {
	testing.TB
	http  *http.Client
	token string
	base  string
}

func (c *vendorClient) call(method, url string, body, answer any) {
	c.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		c.Fatal(err)
	}
	req, err := http.NewRequestWithContext(c.Context(), method, url, bytes.NewReader(text))
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("X-LAST9-API-TOKEN", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		c.Fatalf("%s %s: %s", method, url, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		c.Fatal(err)
	}
}

// claimsOf reads the middle of a JWT.
func (c *vendorClient) claimsOf(token string) (got struct {
	Organization string   `json:"organization_slug"`
	Audience     []string `json:"aud"`
	Expires      int64    `json:"exp"`
}) {
	c.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		c.Fatalf("a token of %d parts", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		c.Fatal(err)
	}
	if err := json.Unmarshal(payload, &got); err != nil {
		c.Fatal(err)
	}
	return got
}

// start exchanges the refresh token and reads the datasources, as the client
// must before it asks anything.
func (c *vendorClient) start(server string) {
	c.Helper()
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"organization_slug":"acme","aud":["` + strings.TrimPrefix(server, "https://") + `"]}`))
	refresh := "eyJhbGciOiJIUzI1NiJ9." + claims + ".c2ln"
	var exchanged struct {
		AccessToken string `json:"access_token"`
		ExpiresAt   int64  `json:"expires_at"`
	}
	host := c.claimsOf(refresh).Audience[0]
	c.call(http.MethodPost, "https://"+host+"/api/v4/oauth/access_token", map[string]string{"refresh_token": refresh}, &exchanged)
	c.token = exchanged.AccessToken
	got := c.claimsOf(c.token)
	if got.Organization != "acme" || got.Audience[0] != server || got.Expires != exchanged.ExpiresAt || got.Expires <= now.Unix() {
		c.Fatalf("claims: %+v, expires at %d", got, exchanged.ExpiresAt)
	}
	c.base = got.Audience[0] + "/api/v4/organizations/" + got.Organization
	var sources []struct {
		IsDefault  bool `json:"is_default"`
		URL        string
		Properties struct{ Username, Password string }
	}
	c.call(http.MethodGet, c.base+"/datasources", nil, &sources)
	if len(sources) != 1 || !sources[0].IsDefault || sources[0].URL == "" || sources[0].Properties.Username == "" || sources[0].Properties.Password == "" {
		c.Fatalf("datasources: %+v", sources)
	}
}

// The exchanges of the vendor's client, from its refresh token to a trace.
func TestVendorClient(t *testing.T) {
	s := newServer(t)
	spans := randomSpans(rand.New(rand.NewPCG(30, 0)), 50)
	s.append(spans)
	https := httptest.NewTLSServer(s.handler)
	defer https.Close()
	c := &vendorClient{TB: t, http: https.Client()}
	c.start(https.URL)

	window := url.Values{"region": {"us-east-1"}, "start": {"1727083600"}, "end": {"1727087300"}}
	everything := map[string]any{"pipeline": []any{map[string]any{"type": "filter", "query": map[string]any{}}}}
	var series struct {
		Status string
		Data   []map[string]string
	}
	c.call(http.MethodPost, c.base+"/cat/api/traces/v2/series/json?"+window.Encode(), everything, &series)
	if series.Status != "success" || len(series.Data) == 0 || series.Data[0]["code"] == "" || series.Data[0]["service.name"] == "" {
		t.Errorf("series: %+v", series)
	}
	var values struct{ Data []string }
	c.call(http.MethodPost, c.base+"/cat/api/traces/v2/label/json/"+url.PathEscape("service.name")+"/values?"+window.Encode(), everything, &values)
	if len(values.Data) != 4 {
		t.Errorf("values: %+v", values)
	}
	window.Set("order", "Timestamp")
	window.Set("direction", "backward")
	window.Set("limit", "20")
	var rows struct {
		Data struct {
			Result []struct {
				TraceId, Timestamp string
				ResourceAttributes map[string]string
			}
		}
	}
	service := map[string]any{"pipeline": []any{map[string]any{"type": "filter", "query": map[string]any{
		"$and": []any{map[string]any{"$eq": []any{"resources['service.name']", values.Data[0]}}, map[string]any{"$gte": []any{"Duration", 1}}},
	}}}}
	c.call(http.MethodPost, c.base+"/cat/api/traces/v2/query_range/json?"+window.Encode(), service, &rows)
	if len(rows.Data.Result) == 0 {
		t.Fatal("no rows")
	}
	last := time.Unix(1<<40, 0)
	for _, row := range rows.Data.Result {
		at, err := time.Parse(time.RFC3339Nano, row.Timestamp)
		if err != nil || at.After(last) || row.ResourceAttributes["service.name"] != values.Data[0] {
			t.Errorf("row %+v after %v: %v", row, last, err)
		}
		last = at
	}
	var trace struct {
		Traces []struct {
			ResourceAttributes map[string]string
			SpanAttributes     map[string]any
			Events, Links      []map[string]any
			Duration           int64
		}
	}
	c.call(http.MethodGet, c.base+"/cat/api/traces/"+rows.Data.Result[0].TraceId+"?"+window.Encode(), nil, &trace)
	if len(trace.Traces) == 0 || trace.Traces[0].Events == nil || trace.Traces[0].Links == nil {
		t.Errorf("trace: %+v", trace)
	}
}
