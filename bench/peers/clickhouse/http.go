package clickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spanstead/spanstead/bench"
)

// HTTP is a running ClickHouse with one of the layouts "exporter" and "tuned",
// in a database of its own that is made anew. The address may hold user and
// password. What the server uses of processor and memory is not known here.
func HTTP(address, layout string) bench.Peer {
	return bench.Peer{
		Name:    "clickhouse-" + layout,
		Version: "see the server",
		Promise: promise,
		Open: func(ctx context.Context, dir string) (bench.System, error) {
			return openHTTP(ctx, address, layout, dir)
		},
	}
}

type httpTransport struct {
	client  http.Client
	address *url.URL
	values  url.Values
}

// openHTTP takes an empty dir for a beginning, and marks it.
func openHTTP(ctx context.Context, address, layout, dir string) (bench.System, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	t := &httpTransport{address: u, values: url.Values{}}
	for k, v := range settings {
		t.values.Set(k, v)
	}
	mark := filepath.Join(dir, "begun")
	if _, err := os.Stat(mark); errors.Is(err, os.ErrNotExist) {
		if err := t.exec(ctx, "DROP DATABASE IF EXISTS "+database(layout)); err != nil {
			return nil, err
		}
		if err := os.WriteFile(mark, nil, 0o644); err != nil {
			return nil, err
		}
	}
	if err := t.exec(ctx, "CREATE DATABASE IF NOT EXISTS "+database(layout)); err != nil {
		return nil, err
	}
	t.values.Set("database", database(layout))
	return open(ctx, t, layout)
}

func (t *httpTransport) exec(ctx context.Context, sql string) error {
	_, err := t.post(ctx, nil, strings.NewReader(sql))
	return err
}

func (t *httpTransport) query(ctx context.Context, sql string) ([]byte, error) {
	return t.post(ctx, nil, strings.NewReader(sql+"\nFORMAT ArrowStream"))
}

func (t *httpTransport) insert(ctx context.Context, table string, stream []byte) error {
	_, err := t.post(ctx, url.Values{"query": {"INSERT INTO " + table + " FORMAT ArrowStream"}}, bytes.NewReader(stream))
	return err
}

func (t *httpTransport) post(ctx context.Context, more url.Values, body io.Reader) ([]byte, error) {
	u := *t.address
	all := url.Values{}
	for _, values := range []url.Values{t.values, more} {
		for k, v := range values {
			all[k] = v
		}
	}
	u.RawQuery = all.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), body)
	if err != nil {
		return nil, err
	}
	answer, err := t.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, bytes.TrimSpace(b))
	}
	return b, err
}

func (t *httpTransport) close() error {
	t.client.CloseIdleConnections()
	return nil
}
