package segment

import "fmt"

// A Part is what one thing in a segment costs.
type Part struct {
	Kind   string // structure, dictionary, codes, column or section
	Name   string // of the column, group or section
	Type   string // Arrow's name for the values, empty for a section
	Blocks int
	Stored int64 // bytes in the file, padding included
	Raw    int64 // bytes when decompressed
}

func (p *Part) add(e extent) {
	p.Blocks++
	p.Stored += align(e.stored)
	p.Raw += e.raw
}

// Layout sums up the file's blocks: first what holds it together, then
// dictionaries, codes by group, plain columns and sections. Their stored
// bytes are the file's size.
func (r *Reader) Layout() []Part {
	s := r.dir.shape
	own := Part{Kind: "structure", Name: "arrow metadata and directory"}
	own.Stored = int64(len(headMagic)+len(endOfStream)) + trailerSize
	own.Raw = own.Stored
	own.add(r.dir.schema)
	own.add(r.trailer.dir)
	own.Blocks++
	own.Stored += r.footer.stored
	own.Raw += r.footer.stored
	var dicts, codes, columns, sections []Part
	for i, b := range r.dir.dicts {
		own.add(b.meta)
		d := Part{Kind: "dictionary", Name: s.dictName(i), Type: s.dicts[i].values.field.Type.String()}
		for _, e := range b.extents {
			d.add(e)
		}
		dicts = append(dicts, d)
	}
	for g, group := range s.spec.Groups {
		if !group.List {
			codes = append(codes, r.codesPart(g, group))
		}
	}
	for i, c := range s.spec.Columns {
		if c.Group == Plain {
			columns = append(columns, r.columnPart(i, c))
		}
	}
	for _, b := range r.dir.batches {
		own.add(b.meta)
	}
	for _, x := range r.dir.sections {
		p := Part{Kind: "section", Name: x.name}
		p.add(x.extent)
		sections = append(sections, p)
	}
	parts := append([]Part{own}, dicts...)
	return append(append(append(parts, codes...), columns...), sections...)
}

func (r *Reader) codesPart(g int, group Group) Part {
	p := Part{Kind: "codes", Name: group.Name, Type: fmt.Sprintf("%v < %d", group.IndexType(), group.Codes)}
	for _, b := range r.dir.batches {
		if e := b.codes[g]; e >= 0 {
			p.add(b.extents[e])
		}
	}
	return p
}

func (r *Reader) columnPart(i int, c Column) Part {
	p := Part{Kind: "column", Name: c.Field.Name, Type: c.Field.Type.String()}
	for _, b := range r.dir.batches {
		if first, last := b.pieces[i].span(); first >= 0 {
			for _, e := range b.extents[first : last+1] {
				p.add(e)
			}
		}
	}
	return p
}
