package scripting

import (
	"context"
	"io/fs"
	"maps"
	"sync"
	"time"

	"asterism/engine/channel"
	"asterism/engine/event"
	"asterism/engine/outbox"
	"asterism/engine/sound"
	"asterism/engine/store"
	"asterism/engine/voicemail"

	"github.com/rs/zerolog"
)

// Sounds finds prompts; *sound.Library is one.
type Sounds interface {
	OpenAt(name, lang string, rate int) (*sound.Clip, error)
	Has(name, lang string) bool // whether OpenAt would find it
}

// Conferences knows those that are going on; the engine does.
type Conferences interface {
	Conference(name string) (*channel.Conference, bool)
	Conferences() []channel.ConferenceInfo
}

// Devices knows the states of devices in Asterisk's words; the engine does.
type Devices interface {
	DeviceState(device string) string
	SetDeviceState(device, state string) error
	// ExtensionState is what the devices of a hint, with & between them, make of its extension.
	ExtensionState(devices string) string
}

// Config is what a Host needs. Nil fields are allowed: what needs them then fails with an error that says so.
type Config struct {
	// Plugins are folders of plugins, the strongest first: the site's etc/plugins, then the shipped ones. The folder "plugins" of the
	// directory given to Load comes before all of these.
	Plugins     []fs.FS
	Store       store.Store
	Sounds      Sounds
	Recordings  Recordings
	Devices     Devices
	Mailboxes   *voicemail.Spool
	Outbox      *outbox.Outbox
	Rehearsal   bool // programs that voicemail.conf names are not run: this is a test of a dialplan
	Calls       Calls
	Conferences Conferences // nil: there are none
	Events      *event.Bus
	Log         zerolog.Logger
	Clock       channel.Clock // the one the channels wait on; nil: channel.SystemClock
	// Budget is how long Lua may run without calling a primitive, and how long it may go on after the hang-up. Zero: 5 s and 30 s.
	Budget, Grace time.Duration
	Trace         Tracer         // hears what dialplans do; nil: nobody, at no cost
	Random        func() float64 // of math.random, in [0,1); nil: the runtime's
}

// Host makes generations and keeps what outlives them: global variables.
type Host struct {
	cfg      Config
	libs     *libraries
	metas    *metas
	methods  map[string]primitive
	api      *hostAPI
	shared   shared
	failures failures
	quota    quota

	running     context.Context // of commands; ended by Close
	stopRunning context.CancelFunc
	commands    sync.WaitGroup
	calling     context.Context // of calls that scripts begin; ended by Close at once
	stopCalling context.CancelFunc

	mu       sync.Mutex // guards below; a leaf
	globals  map[string]string
	services map[string]*service // plugins' own states, by plugin
	saved    map[string]any      // what their save returned
	closed   bool
}

// New makes a Host. It starts nothing; Generation.InForce does.
func New(cfg Config) *Host {
	if cfg.Clock == nil {
		cfg.Clock = channel.SystemClock{}
	}
	if cfg.Budget == 0 {
		cfg.Budget = 5 * time.Second
	}
	if cfg.Grace == 0 {
		cfg.Grace = 30 * time.Second
	}
	h := &Host{cfg: cfg, libs: openLibraries(cfg.Clock, cfg.Random), methods: map[string]primitive{}, api: newHostAPI(), globals: map[string]string{},
		services: map[string]*service{}, saved: map[string]any{}}
	h.running, h.stopRunning = context.WithCancel(context.Background())
	h.calling, h.stopCalling = context.WithCancel(h.running)
	for _, m := range channelMethods() {
		h.methods[m.name] = m.run
	}
	h.metas = newMetas(h.libs, h.methods)
	return h
}

// Global reads a global variable (Asterisk's GLOBAL()); they survive a reload.
func (h *Host) Global(name string) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v, ok := h.globals[name]
	return v, ok
}

// SetGlobal sets a global variable.
func (h *Host) SetGlobal(name, value string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.globals[name] = value
}

func (h *Host) clearGlobals() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.globals)
}

// Globals copies all global variables.
func (h *Host) Globals() map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.globals)
}
