package segment

// An extent is a block of the file: stored bytes at an offset.
type extent struct {
	off    int64
	stored int64
	raw    int64 // bytes when decompressed
	crc    uint32
}

func (e extent) end() int64 { return e.off + e.stored }

// A nodeSize is the length and the null count of an Arrow field node.
type nodeSize struct{ length, nulls int }

// A piece is the part of a body that one column has: its field nodes, depth
// first, and for each of its Arrow buffers the number of its extent, or -1
// when it is empty. Shared buffers name the same extent.
type piece struct {
	sizes   []nodeSize
	buffers []int
}

// A body is a message of the Arrow file, a dictionary or a record batch. Its
// extents follow its metadata in order, each padded to eight bytes.
type body struct {
	rows    int
	meta    extent // the message's metadata with its prefix and padding
	extents []extent
	codes   []int    // per group: the extent of its codes, or -1
	pieces  []*piece // per column, nil for a column of a group; or one, of a dictionary
}

func align(n int64) int64 { return (n + 7) &^ 7 }

// end is where the body ends, padding included.
func (b *body) end() int64 {
	if len(b.extents) == 0 {
		return b.meta.end()
	}
	return align(b.extents[len(b.extents)-1].end())
}

// codePiece is the piece of a top-level column of group g.
func (b *body) codePiece(g int) *piece {
	return &piece{sizes: []nodeSize{{length: b.rows}}, buffers: []int{-1, b.codes[g]}}
}

// bitBytes is the size of a bitmap.
func bitBytes(n int) int { return (n + 7) / 8 }
