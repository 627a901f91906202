package channel

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"asterism/engine/dialplan"
	"asterism/engine/media"
	"asterism/engine/tone"

	"github.com/rs/zerolog"
)

// Clock is what primitives wait on. SystemClock for real; tests have their own.
type Clock interface {
	Now() time.Time
	// After delivers once after d; stop releases it early.
	After(d time.Duration) (c <-chan time.Time, stop func())
}

// SystemClock is the machine's.
type SystemClock struct{}

// Now is time.Now: it carries the monotonic reading, so that durations survive clock jumps.
func (SystemClock) Now() time.Time { return time.Now() }

// After is a timer.
func (SystemClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// Observer hears of every channel's life, synchronously and in order for each channel: the CDR must not lose a fact.
type Observer interface {
	ChannelCreated(*Channel)
	ChannelAnswered(*Channel)
	// StateChanged: it rings now. What ChannelAnswered and ChannelEnded tell is not told again.
	StateChanged(*Channel)
	ChannelEnded(*Channel)
	DialBegan(caller, leg *Channel, target Target)
	DialEnded(caller, leg *Channel, status string)
	Bridged(a, b *Channel)
	Unbridged(a, b *Channel)
	DigitReceived(*Channel, rune, time.Duration)
	// HoldChanged: the far end has put us on hold, with music of that class for others, or taken us back.
	HoldChanged(c *Channel, held bool, class string)
	ConferenceChanged(ConferenceFact)
}

// CoreConfig configures a Core.
type CoreConfig struct {
	Clock      Clock // nil: SystemClock
	Log        zerolog.Logger
	SystemName string // asterisk.conf systemname: prefixes unique ids
	Language   string // of channels that are given none; "": en
	Observer   Observer
	// Start runs the dialplan for a channel on a goroutine of the engine (Local channels need it).
	Start func(*Channel)
	// NewRoom makes the room of a conference; nil: there are none.
	NewRoom func(media.RoomConfig) Room
	// Tones are the countries' tones for a channel, of the generation it began with; nil: tone.Builtin for all.
	Tones   func(*Channel) *tone.Zones
	Records Records // nil: none are kept
	// Music finds a class of hold music; nil: there is none.
	Music func(class string) (*media.Music, bool)
	// OpenTape begins a recording of a conference; nil: there are none.
	OpenTape func(TapeRequest) (Tape, error)
}

// Core knows all live channels and makes their names.
type Core struct {
	clock    Clock
	log      zerolog.Logger
	system   string
	language string
	observer Observer
	start    func(*Channel)
	tones    func(*Channel) *tone.Zones
	records  Records
	music    func(class string) (*media.Music, bool)
	techs    map[string]Tech
	monitors sync.WaitGroup // goroutines of monitors
	newRoom  func(media.RoomConfig) Room
	openTape func(TapeRequest) (Tape, error)

	mu          sync.Mutex // guards below; a leaf
	channels    map[string]*Channel
	conferences map[string]*Conference
	names       uint32
	calls       uint32
	bridges     uint32
	uniques     uint64
}

// NewCore makes an empty one. Technologies are added before the first call.
func NewCore(cfg CoreConfig) *Core {
	if cfg.Clock == nil {
		cfg.Clock = SystemClock{}
	}
	if cfg.Observer == nil {
		cfg.Observer = NoObserver{}
	}
	if cfg.Tones == nil {
		cfg.Tones = func(*Channel) *tone.Zones { return tone.Builtin() }
	}
	if cfg.Records == nil {
		cfg.Records = noRecords{}
	}
	return &Core{clock: cfg.Clock, log: cfg.Log, system: cfg.SystemName, language: cmp.Or(cfg.Language, "en"), observer: cfg.Observer, start: cfg.Start, tones: cfg.Tones, records: cfg.Records, music: cfg.Music,
		newRoom: cfg.NewRoom, openTape: cfg.OpenTape, techs: map[string]Tech{}, channels: map[string]*Channel{}}
}

// AddTech registers a technology; call it before the first channel is made.
func (k *Core) AddTech(t Tech) { k.techs[t.Name()] = t }

// Clock is the one all channels wait on.
func (k *Core) Clock() Clock { return k.clock }

// Start runs the dialplan for ch on a goroutine that the engine owns.
func (k *Core) Start(ch *Channel) { k.start(ch) }

// GoOn sends a channel that its owner is done with into the dialplan at p, on a goroutine that the engine owns.
func (c *Channel) GoOn(p dialplan.Place) {
	c.SetPlace(p)
	c.core.start(c)
}

// New makes a channel and adds it to the live ones. Release must be called when its owner is done with it.
func (k *Core) New(cfg Config) *Channel {
	now := k.clock.Now()
	k.mu.Lock()
	k.names++
	name := cfg.Name
	if name == "" {
		name = fmt.Sprintf("%s/%s-%08x", cfg.Tech, cfg.Endpoint, k.names)
	}
	unique := strconv.FormatInt(now.Unix(), 10) + "." + strconv.FormatUint(k.uniques, 10)
	k.uniques++
	k.mu.Unlock()
	callID := cfg.CallID
	switch {
	case callID != "":
	case cfg.Parent != nil:
		callID = cfg.Parent.callID
	default:
		callID = k.NewCallID()
	}
	if k.system != "" {
		unique = k.system + "-" + unique
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	c := &Channel{
		core: k, leg: cfg.Leg, tech: cfg.Tech, name: name, uniqueID: unique, callID: callID, endpoint: cfg.Endpoint, dnid: cfg.DNID,
		created: now, attached: cfg.Attachment, ctx: ctx, cancel: cancel, state: cfg.State, linkedID: unique, place: cfg.Place, before: History{Place: cfg.Place},
		callerID: cfg.CallerID, account: cfg.AccountCode, language: cfg.Language, toneZone: cfg.ToneZone,
		log: k.log.With().Str("call", callID).Str("chan", name).Logger(),
	}
	c.turn, c.cancelTurn = context.WithCancelCause(ctx)
	c.digits.signal, c.holding = make(chan struct{}, 1), make(chan struct{}, 1)
	if p := cfg.Parent; p != nil {
		c.linkedID = p.LinkedID()
		c.variables = p.inherited()
		c.connected, c.calledFor = p.CallerID(), p.Name()
		if c.attached == nil {
			c.attached = p.attached
		}
		if c.language == "" {
			c.language = p.Language()
		}
		if c.account == "" {
			c.account = p.AccountCode()
		}
	}
	if c.language == "" {
		c.language = k.language
	}
	for name, value := range cfg.Variables {
		c.Set(name, value)
	}
	k.mu.Lock()
	k.channels[name] = c
	k.mu.Unlock()
	k.observer.ChannelCreated(c)
	return c
}

// Release hangs the channel up if it still is up and takes it off the live ones. Idempotent.
func (c *Channel) Release() {
	c.Hangup(0)
	c.core.mu.Lock()
	_, live := c.core.channels[c.name]
	delete(c.core.channels, c.name)
	c.core.mu.Unlock()
	if live {
		c.core.observer.ChannelEnded(c)
	}
}

// Find looks a live channel up by name.
func (k *Core) Find(name string) (*Channel, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.channels[name]
	return c, ok
}

// Other looks another live channel up by name. A script may use it only for what is safe from anywhere: it has an owner of its own.
func (c *Channel) Other(name string) (*Channel, bool) { return c.core.Find(name) }

// Count is how many channels live.
func (k *Core) Count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.channels)
}

// Channels are the live ones, oldest first.
func (k *Core) Channels() []*Channel {
	k.mu.Lock()
	out := make([]*Channel, 0, len(k.channels))
	for _, c := range k.channels {
		out = append(out, c)
	}
	k.mu.Unlock()
	slices.SortFunc(out, func(a, b *Channel) int {
		if d := a.created.Compare(b.created); d != 0 {
			return d
		}
		return cmp.Compare(a.name, b.name)
	})
	return out
}

// NoObserver hears nothing; embed it to hear of some facts only.
type NoObserver struct{}

// ChannelCreated does nothing, as its siblings.
func (NoObserver) ChannelCreated(*Channel)                     {}
func (NoObserver) StateChanged(*Channel)                       {}
func (NoObserver) ChannelAnswered(*Channel)                    {}
func (NoObserver) ChannelEnded(*Channel)                       {}
func (NoObserver) DialBegan(caller, leg *Channel, t Target)    {}
func (NoObserver) DialEnded(caller, leg *Channel, why string)  {}
func (NoObserver) Bridged(a, b *Channel)                       {}
func (NoObserver) Unbridged(a, b *Channel)                     {}
func (NoObserver) DigitReceived(*Channel, rune, time.Duration) {}
func (NoObserver) HoldChanged(c *Channel, held bool, s string) {}
func (NoObserver) ConferenceChanged(ConferenceFact)            {}

// bridgeID names a bridge, for those who list them.
func (k *Core) bridgeID() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.bridges++
	return fmt.Sprintf("bridge-%08x", k.bridges)
}

// NewCallID begins a call: all its log lines carry the id.
func (k *Core) NewCallID() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls++
	return fmt.Sprintf("C-%08x", k.calls)
}

// Calls is how many calls have begun.
func (k *Core) Calls() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return uint64(k.calls)
}
