// Package clickhouse measures ClickHouse, over HTTP or as chDB in a Node process,
// with the schema of OpenTelemetry's exporter and with one tuned for the
// questions. Requests go in as Arrow streams, ten at a time, since ClickHouse
// writes files for each insert; answers come back as Arrow streams.
package clickhouse

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/spanstead/spanstead/bench"
	"github.com/spanstead/spanstead/bench/peers/columns"
)

//go:embed sql
var files embed.FS

// grouped is how many requests are one insert.
const grouped = 10

const promise = "buffered, 10 requests an insert, not synced"

// settings of every statement.
var settings = map[string]string{
	"output_format_arrow_string_as_string":          "1",
	"output_format_arrow_compression_method":        "none",
	"query_plan_max_limit_for_lazy_materialization": "1000",
	"schema_inference_make_columns_nullable":        "0",
	"input_format_arrow_allow_missing_columns":      "0",
	"use_query_condition_cache":                     "1",
	"max_partitions_per_insert_block":               "1000",
}

// transport is a way to a ClickHouse.
type transport interface {
	// exec runs a statement without an answer.
	exec(ctx context.Context, sql string) error
	// query returns the answer as an Arrow stream.
	query(ctx context.Context, sql string) ([]byte, error)
	// insert stores an Arrow stream in a table.
	insert(ctx context.Context, table string, stream []byte) error
	close() error
}

type system struct {
	transport
	statements *columns.Statements

	mu      sync.Mutex
	builder *columns.Builder
	pending []arrow.RecordBatch
}

// layout is a directory of SQL.
func open(ctx context.Context, t transport, layout string) (bench.System, error) {
	sub, err := fs.Sub(files, "sql/"+layout)
	if err != nil {
		return nil, err
	}
	statements, err := columns.ReadStatements(sub, columns.Backslash)
	if err != nil {
		return nil, err
	}
	for _, s := range statements.File("schema") {
		if err := t.exec(ctx, s); err != nil {
			return nil, errors.Join(err, t.close())
		}
	}
	return &system{transport: t, statements: statements, builder: columns.NewBuilder(columns.Exporter())}, nil
}

func (s *system) Ingest(ctx context.Context, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, err := s.builder.Record(b)
	if err != nil {
		return err
	}
	if s.pending = append(s.pending, record); len(s.pending) < grouped {
		return nil
	}
	return s.flush(ctx)
}

func (s *system) flush(ctx context.Context) error {
	if len(s.pending) == 0 {
		return nil
	}
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(s.pending[0].Schema()))
	for _, r := range s.pending {
		if err := w.Write(r); err != nil {
			return err
		}
		r.Release()
	}
	s.pending = s.pending[:0]
	if err := w.Close(); err != nil {
		return err
	}
	return s.insert(ctx, "otel_traces", b.Bytes())
}

// Finish merges all parts of each partition into one, as would happen in time.
func (s *system) Finish(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.flush(ctx); err != nil {
		return err
	}
	for _, table := range []string{"otel_traces", "otel_traces_trace_id_ts"} {
		if err := s.exec(ctx, "OPTIMIZE TABLE "+table+" FINAL"); err != nil {
			return err
		}
	}
	return nil
}

func (s *system) Ask(ctx context.Context, q *bench.Question) (bench.Answer, error) {
	r := columns.NewReader(q)
	for _, text := range s.statements.For(q) {
		if err := s.read(ctx, text, r.Read); err != nil {
			return bench.Answer{}, err
		}
	}
	return r.Answer(), nil
}

func (s *system) read(ctx context.Context, text string, read func(arrow.RecordBatch) error) error {
	stream, err := s.query(ctx, text)
	if err != nil || len(stream) == 0 {
		return err
	}
	records, err := ipc.NewReader(bytes.NewReader(stream))
	if err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	defer records.Release()
	for records.Next() {
		if err := read(records.RecordBatch()); err != nil {
			return err
		}
	}
	return records.Err()
}

// Size is that of the parts in use.
func (s *system) Size(ctx context.Context) (bytes int64, err error) {
	r := columns.NewReader(&bench.Question{})
	err = s.read(ctx, "SELECT toInt64(sum(bytes_on_disk)) AS total FROM system.parts WHERE active AND database = currentDatabase()", r.Read)
	return int64(r.Answer().Total), err
}

func (s *system) Close() error {
	for _, r := range s.pending {
		r.Release()
	}
	s.pending = nil
	return s.close()
}

// database is the name of a layout's database.
func database(layout string) string { return "spanstead_bench_" + strings.ReplaceAll(layout, "-", "_") }
