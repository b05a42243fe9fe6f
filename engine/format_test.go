package engine

import (
	"os"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/query"
)

// TestFormatNamesEverything that a segment is made of.
func TestFormatNamesEverything(t *testing.T) {
	b, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{
		registryName, documentsName, table.ColStart, table.ColDuration, table.ColTraceID, table.ColSpanID, table.ColParentRow, table.ColParentID,
		table.ColEvents, table.ColLinks, table.ColRare, table.GroupResource, table.GroupEventName, table.GroupEventAttr,
		table.GroupLinkTrace, table.GroupLinkSpan, table.GroupLinkState, table.GroupLinkAttr, table.GroupRare,
		table.SectionPostings, table.SectionIDs, table.SectionHistogram, table.SectionSeries, table.SectionBounds,
		table.MetaScope, table.MetaKey, table.MetaType,
		query.ScopeName.Key, query.ScopeVersion.Key, query.ScopeSchemaURL.Key, query.ResourceSchemaURL.Key,
		table.ResourceDropped.Key, table.ResourceEntities.Key, table.ScopeDropped.Key,
	}
	for _, c := range table.SpanFields {
		names = append(names, c.Field.Key)
	}
	for _, name := range names {
		if !strings.Contains(string(b), "`"+name+"`") {
			t.Errorf("%s is not told of", name)
		}
	}
}
