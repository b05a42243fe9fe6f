package engine

import (
	"os"
	"slices"
	"testing"
)

func TestInspect(t *testing.T) {
	dir := sampleDir(t)
	report := verified(t, dir)
	s, err := Open(Options{Dir: dir, Log: quiet(), SealAge: -1}) // a running store may be inspected
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.WriteFile(dir+"/w000001/segments/000000000900.arrow.corrupt", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := Inspect(t.Context(), dir)
	if err != nil || len(in.Workspaces) != 1 {
		t.Fatalf("%+v, %v", in, err)
	}
	w := in.Workspaces[0]
	if w.Name != DefaultWorkspace || len(w.Segments) != report.Segments || len(w.Logs) != 1 || len(w.Corrupt) != 1 {
		t.Errorf("%+v", w)
	}
	rows := 0
	for i, seg := range w.Segments {
		rows += seg.Rows
		sum := int64(0)
		for _, p := range seg.Parts {
			sum += p.Bytes
			if p.Kind != "structure" && p.Encoding == "" || p.Name == "" {
				t.Errorf("segment %d: %+v", seg.ID, p)
			}
		}
		if sum != seg.Bytes {
			t.Errorf("segment %d: the parts are %d bytes, the file %d", seg.ID, sum, seg.Bytes)
		}
		if seg.Start > seg.End || i > 0 && seg.LogFirst <= w.Segments[i-1].LogLast {
			t.Errorf("segment %d: %+v", seg.ID, seg)
		}
		for _, want := range []InspectedPart{
			{Kind: "column", Name: "span_id", Encoding: "fixed_size_binary[8]"},
			{Kind: "column", Name: "trace_id", Encoding: "dictionary<fixed_size_binary[16]>", Group: "trace_id"},
			{Kind: "index", Name: "postings/resource", Encoding: "row lists"},
			{Kind: "codes", Name: "trace_id"},
		} {
			found := slices.ContainsFunc(seg.Parts, func(p InspectedPart) bool {
				return p.Kind == want.Kind && p.Name == want.Name && p.Group == want.Group && (want.Encoding == "" || p.Encoding == want.Encoding)
			})
			if !found {
				t.Errorf("segment %d: no %+v", seg.ID, want)
			}
		}
	}
	if rows != report.Rows {
		t.Errorf("%d rows, Verify counts %d", rows, report.Rows)
	}
}
