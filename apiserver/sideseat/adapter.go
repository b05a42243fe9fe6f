package sideseat

import (
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
	"github.com/spanstead/spanstead/apiserver/store"
)

// Version is the SideSeat whose behaviour is followed.
const Version = "1.0.13"

// Options say how an Adapter answers.
type Options struct {
	Store    store.Store // required
	Fidelity rest.Fidelity
	Now      func() time.Time // nil means time.Now
	// Prices is what tokens cost; nil means the embedded table. ParsePrices
	// reads one.
	Prices *derive.Prices
	// MaxIngest bounds the bytes of one OTLP request after decompression; 0
	// means 64 MiB. It counts only in observed fidelity, where the adapter
	// takes spans in itself.
	MaxIngest int64
	// Poll is how often a stream of events looks for new spans; 0 means a
	// second.
	Poll time.Duration
}

// ParsePrices reads a price table in the form of derive/prices.json.
func ParsePrices(b []byte) (*derive.Prices, error) { return derive.ParsePrices(b) }

// Adapter is SideSeat's API over a store.
type Adapter struct {
	opt     Options
	deriver *derive.Deriver
	started time.Time
}

// New makes an adapter.
func New(opt Options) *Adapter {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.MaxIngest == 0 {
		opt.MaxIngest = 64 << 20
	}
	if opt.Poll == 0 {
		opt.Poll = time.Second
	}
	return &Adapter{opt: opt, deriver: derive.New(opt.Prices), started: opt.Now()}
}

func (a *Adapter) observed() bool { return a.opt.Fidelity == rest.Observed }
