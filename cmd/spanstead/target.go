package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/spanstead/spanstead/cmd/spanstead/internal/send"
	"github.com/spanstead/spanstead/cmd/spanstead/internal/spanfile"
	"github.com/spanstead/spanstead/engine"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// targetOptions say where spans go: exactly one of dir, endpoint and out.
type targetOptions struct {
	dir, workspace string
	endpoint       string
	header         http.Header
	plain          bool
	out            string
	format         string
}

func (o *targetOptions) register(f *flag.FlagSet) {
	o.header = http.Header{}
	f.StringVar(&o.dir, "data", "", "into this data `directory`, made if it is not there; no server may have it open")
	f.StringVar(&o.workspace, "workspace", engine.DefaultWorkspace, "`name` of the workspace in the data directory, made if it is not there")
	f.StringVar(&o.endpoint, "endpoint", "", "to the OTLP server at this `URL`: http://host:4318, https://, grpc://host:4317 or grpcs://")
	f.Func("header", "`NAME=VALUE` that goes with every request to the endpoint; may be repeated", func(s string) error {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return errors.New("want NAME=VALUE")
		}
		o.header.Add(name, value)
		return nil
	})
	f.BoolVar(&o.plain, "no-compression", false, "send requests to the endpoint without gzip")
}

func (o *targetOptions) registerOut(f *flag.FlagSet) {
	f.StringVar(&o.out, "out", "", "into this `file`, - for standard output; compressed if it ends with .gz")
	f.StringVar(&o.format, "format", "", "of the file: `json` (lines) or proto (each message with its length before it); by default as the file's name says")
}

// check finds what is missing or contradictory, and the file's format.
func (o *targetOptions) check() error {
	given := 0
	for _, s := range []string{o.dir, o.endpoint, o.out} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		return errors.New("want one of --data, --endpoint and --out")
	}
	if o.format == "" {
		o.format = formatOf(o.out)
	}
	if o.format != string(spanfile.JSON) && o.format != string(spanfile.Proto) {
		return fmt.Errorf("--format %q: want json or proto", o.format)
	}
	return nil
}

// formatOf goes by the file's name.
func formatOf(name string) string {
	name = strings.TrimSuffix(name, ".gz")
	switch {
	case strings.HasSuffix(name, ".arrow"):
		return "arrow"
	case strings.HasSuffix(name, ".pb"), strings.HasSuffix(name, ".proto"), strings.HasSuffix(name, ".binpb"), strings.HasSuffix(name, ".bin"):
		return string(spanfile.Proto)
	}
	return string(spanfile.JSON)
}

// target takes spans. It is for one goroutine.
type target interface {
	// write takes one batch and returns how many of its spans were rejected.
	write(ctx context.Context, spans []*span.Span) (rejected int, err error)
	// Close makes what was written last.
	Close() error
}

func (o *targetOptions) open(ctx context.Context, stdout io.Writer, log *slog.Logger) (target, error) {
	switch {
	case o.dir != "":
		return openStoreTarget(ctx, o, log)
	case o.endpoint != "":
		s, err := send.New(send.Options{URL: o.endpoint, Header: o.header, Plain: o.plain, Retrying: func(err error, pause time.Duration) {
			log.Warn("sending again", "in", pause.Round(time.Millisecond), "err", err)
		}})
		if err != nil {
			return nil, err
		}
		return &serverTarget{sender: s, log: log}, nil
	}
	return openFile(o.out, spanfile.Format(o.format), stdout)
}

// storeTarget appends to a data directory. Nothing is synced before Close
// seals it all.
type storeTarget struct {
	*engine.Store
	workspace string
	request   []byte
}

func openStoreTarget(ctx context.Context, o *targetOptions, log *slog.Logger) (*storeTarget, error) {
	st, err := engine.Open(engine.Options{Dir: o.dir, Sync: engine.SyncNever, Log: log})
	if err != nil {
		return nil, err
	}
	if err := st.CreateWorkspace(ctx, o.workspace); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &storeTarget{Store: st, workspace: o.workspace}, nil
}

func (t *storeTarget) write(ctx context.Context, spans []*span.Span) (int, error) {
	t.request = otlp.AppendRequest(t.request[:0], spans)
	answer, err := t.Append(ctx, t.workspace, t.request)
	return answer.Rejected, err
}

// serverTarget sends to an OTLP server.
type serverTarget struct {
	sender  *send.Sender
	request []byte
	log     *slog.Logger
}

func (t *serverTarget) write(ctx context.Context, spans []*span.Span) (int, error) {
	t.request = otlp.AppendRequest(t.request[:0], spans)
	answer, err := t.sender.Send(ctx, t.request)
	if answer.Message != "" {
		t.log.Warn("the server has rejected spans", "rejected", answer.Rejected, "message", answer.Message)
	}
	return answer.Rejected, err
}

func (t *serverTarget) Close() error { return t.sender.Close() }

// fileTarget writes a file.
type fileTarget struct {
	*spanfile.Writer
	buf  *bufio.Writer
	pack *gzip.Writer // nil without compression
	file *os.File     // nil for standard output
}

func openFile(name string, format spanfile.Format, stdout io.Writer) (*fileTarget, error) {
	t := &fileTarget{}
	w := stdout
	if name != "-" {
		f, err := os.Create(name)
		if err != nil {
			return nil, err
		}
		t.file, w = f, f
	}
	t.buf = bufio.NewWriterSize(w, 1<<18)
	w = t.buf
	if strings.HasSuffix(name, ".gz") {
		t.pack = gzip.NewWriter(w)
		w = t.pack
	}
	t.Writer = spanfile.NewWriter(w, format)
	return t, nil
}

func (t *fileTarget) write(_ context.Context, spans []*span.Span) (int, error) {
	return 0, t.Write(spans)
}

func (t *fileTarget) Close() error {
	var errs []error
	if t.pack != nil {
		errs = append(errs, t.pack.Close())
	}
	errs = append(errs, t.buf.Flush())
	if t.file != nil {
		errs = append(errs, t.file.Close())
	}
	return errors.Join(errs...)
}
