//go:build duckdb_arrow

// Package duckdb measures DuckDB in this process, in the two layouts of package
// columns. Requests come in as Arrow records, one transaction each; answers
// leave as Arrow records. It needs the build tag duckdb_arrow and cgo.
//
// Views of Arrow records would be written to the file's catalog, so they are
// made in an empty database in memory, to which the file is attached as "store".
package duckdb

import (
	"context"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	duck "github.com/duckdb/duckdb-go/v2"

	"github.com/spanstead/spanstead/bench"
	"github.com/spanstead/spanstead/bench/peers/columns"
)

//go:embed sql
var files embed.FS

// Map is DuckDB with the columns of OpenTelemetry's ClickHouse exporter.
func Map() bench.Peer { return peer("duckdb-map", "sql/map", columns.Exporter) }

// Hot is DuckDB with a typed column for each attribute of the workload.
func Hot() bench.Peer { return peer("duckdb-hot", "sql/hot", columns.Typed) }

func peer(name, dir string, layout func() *columns.Layout) bench.Peer {
	return bench.Peer{
		Name:    name,
		Version: version(),
		Promise: "synced",
		Open: func(ctx context.Context, data string) (bench.System, error) {
			sub, err := fs.Sub(files, dir)
			if err != nil {
				return nil, err
			}
			statements, err := columns.ReadStatements(sub, columns.Standard)
			if err != nil {
				return nil, err
			}
			return open(ctx, filepath.Join(data, "spans.duckdb"), statements, layout())
		},
	}
}

// version is that of the library.
func version() string {
	c, err := duck.NewConnector("", nil)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	conn, err := c.Connect(context.Background())
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	v := ""
	err = records(context.Background(), conn, "SELECT version() AS v", func(r arrow.RecordBatch) error {
		v = strings.Clone(r.Column(0).(*array.String).Value(0))
		return nil
	})
	if err != nil {
		return err.Error()
	}
	return v
}

type system struct {
	connector  *duck.Connector
	statements *columns.Statements

	mu      sync.Mutex // of writer and builder
	writer  driver.Conn
	builder *columns.Builder

	idle sync.Pool // of driver.Conn, for questions
	all  connections
}

// connections are all that were made, to be closed in the end.
type connections struct {
	mu   sync.Mutex
	list []driver.Conn
}

func open(ctx context.Context, path string, st *columns.Statements, l *columns.Layout) (*system, error) {
	connector, err := duck.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	s := &system{connector: connector, statements: st, builder: columns.NewBuilder(l)}
	if s.writer, err = s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	setup := append([]string{
		// The newest format has the better compression of text.
		fmt.Sprintf("ATTACH '%s' AS store (STORAGE_VERSION 'latest')", strings.ReplaceAll(path, "'", "''")),
		// Fetch the columns of the newest rows alone, also of more than 50.
		"SET late_materialization_max_rows = 1000",
		// Each checkpoint of a row group that is not full writes it anew.
		"SET checkpoint_threshold = '1GB'",
	}, st.File("schema")...)
	if err := s.exec(ctx, setup...); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *system) connect(ctx context.Context) (driver.Conn, error) {
	c, err := s.connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	s.all.list = append(s.all.list, c)
	return c, nil
}

// exec runs statements on the writer.
func (s *system) exec(ctx context.Context, statements ...string) error {
	for _, text := range statements {
		if err := run(ctx, s.writer, text); err != nil {
			return err
		}
	}
	return nil
}

func run(ctx context.Context, c driver.Conn, text string) error {
	if _, err := c.(driver.ExecerContext).ExecContext(ctx, text, nil); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	return nil
}

func (s *system) Ingest(ctx context.Context, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, err := s.builder.Record(b)
	if err != nil {
		return err
	}
	defer record.Release()
	times := s.builder.TraceTimes(record)
	defer times.Release()
	for name, r := range map[string]arrow.RecordBatch{"spans": record, "trace_times": times} {
		release, err := s.view(name, r)
		if err != nil {
			return err
		}
		defer release()
	}
	if err := s.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := s.exec(ctx, s.statements.File("insert")...); err != nil {
		return errors.Join(err, s.exec(ctx, "ROLLBACK"))
	}
	return s.exec(ctx, "COMMIT")
}

// view makes a record known by a name, for one scan that reads all its columns
// in their order: DuckDB takes another scan for one whose columns were chosen
// already, and reads wrong ones.
func (s *system) view(name string, record arrow.RecordBatch) (release func(), err error) {
	a, err := duck.NewArrowFromConn(s.writer)
	if err != nil {
		return nil, err
	}
	reader, err := array.NewRecordReader(record.Schema(), []arrow.RecordBatch{record})
	if err != nil {
		return nil, err
	}
	free, err := a.RegisterView(reader, name)
	if err != nil {
		reader.Release()
		return nil, err
	}
	return func() {
		free()
		reader.Release()
	}, nil
}

func (s *system) Finish(ctx context.Context) error { return s.exec(ctx, "CHECKPOINT store") }

func (s *system) Ask(ctx context.Context, q *bench.Question) (bench.Answer, error) {
	c, err := s.reader(ctx)
	if err != nil {
		return bench.Answer{}, err
	}
	defer s.idle.Put(c)
	r := columns.NewReader(q)
	for _, text := range s.statements.For(q) {
		if strings.HasPrefix(text, "SET ") {
			err = run(ctx, c, text)
		} else {
			err = records(ctx, c, text, r.Read)
		}
		if err != nil {
			return bench.Answer{}, err
		}
	}
	return r.Answer(), nil
}

// reader is a connection that uses the file's tables by their names alone.
func (s *system) reader(ctx context.Context) (driver.Conn, error) {
	if c, ok := s.idle.Get().(driver.Conn); ok {
		return c, nil
	}
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	return c, run(ctx, c, "USE store")
}

// records calls read with every record of an answer.
func records(ctx context.Context, c driver.Conn, text string, read func(arrow.RecordBatch) error) error {
	a, err := duck.NewArrowFromConn(c)
	if err != nil {
		return err
	}
	found, err := a.QueryContext(ctx, text)
	if err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	defer found.Release()
	for found.Next() {
		if err := read(found.RecordBatch()); err != nil {
			return err
		}
	}
	return found.Err()
}

func (s *system) Close() error {
	var errs []error
	for _, c := range s.all.list {
		errs = append(errs, c.Close())
	}
	return errors.Join(append(errs, s.connector.Close())...)
}
