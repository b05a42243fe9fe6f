package clickhouse

import (
	"bufio"
	"context"
	_ "embed" // of the driver
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/spanstead/spanstead/bench"
)

//go:embed driver.cjs
var driver string

// sessions is how many statements chDB may run at once.
const sessions = 8

// ChDB is ClickHouse as the npm package chdb holds it, in a Node process.
// modules is the directory in which "npm install chdb" was run; layout is
// "exporter" or "tuned".
func ChDB(modules, layout string) bench.Peer {
	u := &processUsage{}
	return bench.Peer{
		Name:    "chdb-" + layout,
		Version: packageVersion(modules),
		Promise: promise,
		Usage:   u.read,
		Open: func(ctx context.Context, dir string) (bench.System, error) {
			t, err := startChDB(modules, layout, dir)
			if err != nil {
				return nil, err
			}
			u.pid.Store(int64(t.command.Process.Pid))
			return open(ctx, t, layout)
		},
	}
}

func packageVersion(modules string) string {
	b, err := os.ReadFile(filepath.Join(modules, "node_modules", "chdb", "package.json"))
	if err != nil {
		return "not installed"
	}
	var p struct {
		Version      string            `json:"version"`
		Dependencies map[string]string `json:"optionalDependencies"`
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return err.Error()
	}
	return p.Version + " (ClickHouse " + p.Dependencies["@chdb/lib-linux-x64-gnu"] + ")"
}

// chdbTransport talks to the driver.
type chdbTransport struct {
	command *exec.Cmd
	batch   string // a file for what is being inserted

	mu      sync.Mutex // of all below
	in      io.WriteCloser
	next    int
	waiting map[int]chan<- reply
	broken  error
	done    chan struct{} // closed when the driver's output has ended
}

type reply struct {
	stream []byte
	err    error
}

func startChDB(modules, layout, dir string) (*chdbTransport, error) {
	path := filepath.Join(dir, "driver.cjs")
	if err := os.WriteFile(path, []byte(driver), 0o644); err != nil {
		return nil, err
	}
	options, err := json.Marshal(map[string]any{
		"path": filepath.Join(dir, "data"), "database": database(layout), "settings": settings, "sessions": sessions,
	})
	if err != nil {
		return nil, err
	}
	t := &chdbTransport{
		command: exec.Command("node", path, string(options)),
		batch:   filepath.Join(dir, "batch.arrow"),
		waiting: map[int]chan<- reply{},
		done:    make(chan struct{}),
	}
	t.command.Env = append(os.Environ(), fmt.Sprintf("UV_THREADPOOL_SIZE=%d", sessions), "NODE_PATH="+filepath.Join(modules, "node_modules"))
	t.command.Stderr = os.Stderr
	if t.in, err = t.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := t.command.Start(); err != nil {
		return nil, err
	}
	go t.receive(bufio.NewReaderSize(out, 1<<20))
	return t, nil
}

// receive hands out the driver's replies until it ends.
func (t *chdbTransport) receive(out *bufio.Reader) {
	defer close(t.done)
	for {
		id, r, err := readReply(out)
		t.mu.Lock()
		if err != nil {
			t.broken = fmt.Errorf("chdb: the driver's output ended: %w", err)
			for _, w := range t.waiting {
				w <- reply{err: t.broken}
			}
			clear(t.waiting)
			t.mu.Unlock()
			return
		}
		if w := t.waiting[id]; w != nil {
			delete(t.waiting, id)
			w <- r
		}
		t.mu.Unlock()
	}
}

func readReply(out *bufio.Reader) (id int, r reply, err error) {
	line, err := out.ReadBytes('\n')
	if err != nil {
		return 0, r, err
	}
	var header struct {
		ID, Bytes int
		Error     string
	}
	if err := json.Unmarshal(line, &header); err != nil {
		return 0, r, fmt.Errorf("%q: %w", line, err)
	}
	r.stream = make([]byte, header.Bytes)
	if header.Error != "" {
		r.err = errors.New(header.Error)
	}
	_, err = io.ReadFull(out, r.stream)
	return header.ID, r, err
}

func (t *chdbTransport) query(ctx context.Context, sql string) ([]byte, error) {
	answered := make(chan reply, 1)
	if err := t.send(sql, answered); err != nil {
		return nil, err
	}
	select {
	case r := <-answered:
		return r.stream, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (t *chdbTransport) send(sql string, answered chan<- reply) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.broken != nil {
		return t.broken
	}
	t.next++
	line, err := json.Marshal(map[string]any{"id": t.next, "sql": sql})
	if err != nil {
		return err
	}
	t.waiting[t.next] = answered
	_, err = t.in.Write(append(line, '\n'))
	return err
}

func (t *chdbTransport) exec(ctx context.Context, sql string) error {
	_, err := t.query(ctx, sql)
	return err
}

func (t *chdbTransport) insert(ctx context.Context, table string, stream []byte) error {
	if err := os.WriteFile(t.batch, stream, 0o644); err != nil {
		return err
	}
	return t.exec(ctx, fmt.Sprintf("INSERT INTO %s SELECT * FROM file('%s', 'ArrowStream')", table, t.batch))
}

func (t *chdbTransport) close() error {
	err := t.in.Close()
	<-t.done
	return errors.Join(err, t.command.Wait(), os.RemoveAll(t.batch))
}
