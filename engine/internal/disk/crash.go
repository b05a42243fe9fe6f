package disk

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// Seeds of [Mem.Crash] with a meaning of their own.
const (
	CrashLosesAll = 0 // nothing survives that was not synced
	CrashKeepsAll = 1 // everything does
)

// tornBlock is the unit in which a crash may lose the middle of a write.
const tornBlock = 512

// Crash returns what a machine might find after losing power now; the same seed
// on the same history gives the same result. m is unchanged, and its handles
// keep writing to m, so one history can be crashed in many ways.
//
// Bytes written since a file's last Sync are lost, kept, kept up to any byte, or
// kept in some blocks while others read as zeros or garbage; a Truncate since
// then has happened or not. Changes of names since the last SyncDir are lost,
// kept, kept up to some point in time, or each kept or lost by itself. What was
// synced is there, always. In the result everything is durable and nothing is
// locked.
func (m *Mem) Crash(seed uint64) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &crash{
		seed: seed,
		rng:  rand.New(rand.NewPCG(seed, 0x5bd1e995)),
		done: map[memNode]memNode{},
	}
	c.names = c.nameRule(m.ops)
	after := NewMem()
	after.root = c.dir(m.root)
	return after
}

// crash is one crash in the making. Its choices are drawn in the order of the
// names, so that they repeat.
type crash struct {
	seed  uint64
	rng   *rand.Rand
	names func(op uint64) bool // whether a pending change of names survives
	done  map[memNode]memNode  // a file under two names stays one file
}

func (c *crash) nameRule(ops uint64) func(uint64) bool {
	rule := c.rng.IntN(4)
	until := c.rng.Uint64N(ops + 1)
	switch {
	case c.seed == CrashLosesAll || c.seed != CrashKeepsAll && rule == 0:
		return func(uint64) bool { return false }
	case c.seed == CrashKeepsAll || rule == 1:
		return func(uint64) bool { return true }
	case rule == 2:
		return func(op uint64) bool { return op <= until }
	}
	return func(uint64) bool { return c.rng.IntN(2) == 0 }
}

func (c *crash) dir(d *memDir) *memDir {
	names := maps.Clone(d.durable)
	for _, change := range d.pending {
		if c.names(change.op) {
			change.applyTo(names)
		}
	}
	after := newMemDir()
	c.done[d] = after
	for _, name := range slices.Sorted(maps.Keys(names)) {
		after.names[name] = c.node(names[name])
	}
	after.durable = maps.Clone(after.names)
	return after
}

func (c *crash) node(n memNode) memNode {
	if after, ok := c.done[n]; ok {
		return after
	}
	if d, ok := n.(*memDir); ok {
		return c.dir(d)
	}
	after := &memData{}
	after.extend(c.content(n.(*memData)))
	after.sync()
	c.done[n] = after
	return after
}

// content chooses what a file holds afterwards.
func (c *crash) content(d *memData) []byte {
	d.mu.RLock()
	defer d.mu.RUnlock()
	data := make([]byte, d.size)
	d.readAt(data, 0)
	synced, fresh := data[:d.stable:d.stable], data[d.stable:]
	rule := c.rng.IntN(6)
	switch {
	case c.seed == CrashLosesAll || c.seed != CrashKeepsAll && rule == 0:
		return append(synced, d.cut...)
	case c.seed == CrashKeepsAll || rule == 1:
		return data
	case rule <= 3:
		return data[:len(synced)+c.rng.IntN(len(fresh)+1)]
	case rule == 4:
		c.spoil(fresh[c.rng.IntN(len(fresh)+1):])
	default:
		c.spoilBlocks(fresh, d.stable)
	}
	return data
}

// spoilBlocks loses some of the blocks that p touches; p lies at off.
func (c *crash) spoilBlocks(p []byte, off int64) {
	for len(p) > 0 {
		n := min(len(p), tornBlock-int(off%tornBlock))
		if c.rng.IntN(2) == 0 {
			c.spoil(p[:n])
		}
		p, off = p[n:], off+int64(n)
	}
}

// spoil overwrites p with zeros or with garbage.
func (c *crash) spoil(p []byte) {
	clear(p)
	if c.rng.IntN(2) == 0 {
		return
	}
	for i := range p {
		p[i] = byte(c.rng.Uint32())
	}
}
