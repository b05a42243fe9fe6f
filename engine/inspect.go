package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/segment"
)

// Inspection says what a data directory holds and what it costs.
type Inspection struct {
	Workspaces []InspectedWorkspace `json:"workspaces"`
}

// InspectedWorkspace is one workspace's files.
type InspectedWorkspace struct {
	Name     string             `json:"name"`
	Dir      string             `json:"dir"`
	Segments []InspectedSegment `json:"segments"` // by the range of the log that they cover
	Logs     []InspectedLog     `json:"logs"`
	Corrupt  []string           `json:"corrupt"` // files that were set aside
}

// InspectedSegment is one segment file. Start and End are its rows' earliest
// and latest start time in Unix nanoseconds, both inclusive.
type InspectedSegment struct {
	ID       uint64          `json:"id"`
	File     string          `json:"file"`
	Bytes    int64           `json:"bytes"`
	Rows     int             `json:"rows"`
	Traces   int             `json:"traces"`
	Batches  int             `json:"batches"`
	Start    uint64          `json:"start_time_unix_nano"`
	End      uint64          `json:"end_time_unix_nano"`
	LogFirst uint64          `json:"log_first"`
	LogLast  uint64          `json:"log_last"`
	Replaces []uint64        `json:"replaces"`
	Parts    []InspectedPart `json:"parts"`
}

// InspectedPart is one thing in a segment: the file's structure, a column with
// its dictionary, a group's codes, or a section.
type InspectedPart struct {
	Kind     string  `json:"kind"` // structure, column, codes or index
	Name     string  `json:"name"`
	Encoding string  `json:"encoding"`
	Group    string  `json:"group,omitempty"` // of a column with a dictionary
	Bytes    int64   `json:"bytes"`           // in the file
	Raw      int64   `json:"raw_bytes"`       // decompressed
	PerSpan  float64 `json:"bytes_per_span"`
}

// InspectedLog is one log file.
type InspectedLog struct {
	ID    uint64 `json:"id"`
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

// Inspect looks at the files of a data directory. It reads directories of
// segments, not rows, changes nothing and takes no lock, so a running store may
// be inspected; files that such a store removes meanwhile are left out.
func Inspect(ctx context.Context, dir string) (*Inspection, error) {
	fsys, err := openExisting(dir)
	if err != nil {
		return nil, err
	}
	defer fsys.Close()
	reg, err := readRegistry(fsys)
	if err != nil {
		return nil, err
	}
	out := &Inspection{Workspaces: []InspectedWorkspace{}}
	for _, name := range slices.Sorted(maps.Keys(reg.Dirs)) {
		w := InspectedWorkspace{Name: name, Dir: reg.Dirs[name], Segments: []InspectedSegment{}, Logs: []InspectedLog{}, Corrupt: []string{}}
		if err := w.read(ctx, fsys); err != nil {
			return nil, fmt.Errorf("workspace %q: %w", name, err)
		}
		out.Workspaces = append(out.Workspaces, w)
	}
	return out, nil
}

func (w *InspectedWorkspace) read(ctx context.Context, fsys disk.FS) error {
	names, err := fsys.List(w.Dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		id, ok := wal.ParseName(name)
		info, err := fsys.Stat(w.Dir + "/" + name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case ok:
			w.Logs = append(w.Logs, InspectedLog{id, w.Dir + "/" + name, info.Size})
		case strings.HasSuffix(name, corruptSuffix):
			w.Corrupt = append(w.Corrupt, w.Dir+"/"+name)
		}
	}
	return w.readSegments(ctx, fsys)
}

func (w *InspectedWorkspace) readSegments(ctx context.Context, fsys disk.FS) error {
	dir := (&workspace{dir: w.Dir}).segmentDir()
	names, err := fsys.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if strings.HasSuffix(name, corruptSuffix) {
			w.Corrupt = append(w.Corrupt, dir+"/"+name)
		}
		if _, ok := segmentID(name); !ok {
			continue
		}
		s, err := inspectSegment(fsys, dir+"/"+name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		w.Segments = append(w.Segments, *s)
	}
	slices.SortFunc(w.Segments, func(a, b InspectedSegment) int { return cmp.Compare(a.LogFirst, b.LogFirst) })
	return nil
}

func inspectSegment(fsys disk.FS, name string) (*InspectedSegment, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := openPart(f, part.NewCache(0))
	if err != nil {
		return nil, err
	}
	r := p.Reader()
	info := r.Info()
	s := &InspectedSegment{
		ID: p.ID(), File: name, Bytes: r.Size(), Rows: p.Rows(), Traces: p.Traces(), Batches: r.Batches(),
		LogFirst: info.LogFirst, LogLast: info.LogLast, Replaces: append([]uint64{}, info.Replaces...),
	}
	s.Start, s.End = p.Bounds()
	s.addParts(r)
	return s, nil
}

// addParts turns a file's layout into columns, codes and indexes.
func (s *InspectedSegment) addParts(r *segment.Reader) {
	spec := r.Spec()
	groupOf, members := map[string]string{}, map[string][]string{}
	for _, c := range spec.Columns {
		if c.Group != segment.Plain {
			g := spec.Groups[c.Group].Name
			groupOf[c.Field.Name] = g
			members[g] = append(members[g], c.Field.Name)
		}
	}
	for _, l := range r.Layout() {
		p := InspectedPart{Kind: l.Kind, Name: l.Name, Encoding: l.Type, Bytes: l.Stored, Raw: l.Raw}
		switch l.Kind {
		case "dictionary":
			p.Kind, p.Encoding, p.Group = "column", "dictionary<"+l.Type+">", groupOf[l.Name]
		case "codes":
			p.Name = groupLabel(l.Name, members[l.Name])
		case "section":
			p.Kind = "index"
			p.Name, p.Encoding = sectionLabel(l.Name, members)
		}
		if s.Rows > 0 {
			p.PerSpan = float64(p.Bytes) / float64(s.Rows)
		}
		s.Parts = append(s.Parts, p)
	}
}

// groupLabel names a group of span columns by its members, since its own name
// is only a number.
func groupLabel(name string, members []string) string {
	if len(members) == 0 || name == table.GroupResource || len(members) == 1 && members[0] == name {
		return name
	}
	const most = 3
	if len(members) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(members[:most], ", "), len(members)-most)
	}
	return strings.Join(members, ", ")
}

func sectionLabel(name string, members map[string][]string) (label, encoding string) {
	if g, ok := strings.CutPrefix(name, table.SectionPostings); ok {
		return table.SectionPostings + groupLabel(g, members[g]), "row lists"
	}
	switch name {
	case table.SectionIDs:
		return name, "hash of ids"
	case table.SectionHistogram:
		return name, "histograms"
	case table.SectionSeries:
		return name, "texts, zstd"
	case table.SectionBounds:
		return name, "uint64 pairs, zstd"
	}
	return name, ""
}
