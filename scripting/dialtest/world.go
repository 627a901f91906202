package dialtest

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"asterism/engine"
	"asterism/engine/cdr"
	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/media"
	"asterism/engine/outbox"
	"asterism/engine/sound"
	"asterism/engine/store"
	"asterism/engine/tone"
	"asterism/engine/voicemail"
	"asterism/scripting"

	"github.com/rs/zerolog"
)

// Setting is what a World is made of.
type Setting struct {
	Etc     fs.FS // the configuration directory
	Plugins []fs.FS
	Sounds  Sounds // nil: none
	Now     time.Time
	Seed    uint64
	Cover   *Coverage // nil: not counted
}

// World is a simulated Stage: the real dialplan, plugins, channels and records, phones without packets, and a clock that jumps.
type World struct {
	clock   *Clock
	began   time.Time
	settler *settler
	core    *channel.Core
	host    *scripting.Host
	gen     *scripting.Generation
	snap    *config.Snapshot
	store   store.Store
	events  *event.Bus
	sounds  *prompts
	devices *devices
	dir     string // of what is recorded
	root    *os.Root
	spool   *voicemail.Spool
	tones   *tone.Zones
	cover   *Coverage
	story   story

	mu      sync.Mutex // guards below; a leaf
	records []cdr.Record
	links   map[string]int // linked id ► call
	places  map[*channel.Channel]string
	vars    map[*channel.Channel]map[string]string
	legs    []*leg
	phones  map[string]Behaviour
	calls   []*call
	running int
}

// LoadError is a configuration that cannot be tested.
type LoadError struct{ Problems []config.Problem }

func (e *LoadError) Error() string {
	var lines []string
	for _, p := range e.Problems {
		if !p.Warning {
			lines = append(lines, p.Error())
		}
	}
	return strings.Join(lines, "\n")
}

// NewWorld reads the configuration and compiles the dialplan. The caller closes it.
func NewWorld(s Setting) (*World, error) {
	if s.Cover == nil {
		s.Cover = NewCoverage()
	}
	w := &World{clock: NewClock(s.Now), began: s.Now, settler: newSettler(), cover: s.Cover, links: map[string]int{},
		places: map[*channel.Channel]string{}, vars: map[*channel.Channel]map[string]string{}, phones: map[string]Behaviour{}}
	w.devices = &devices{w: w, custom: map[string]string{}}
	w.sounds = &prompts{library: s.Sounds, lengths: map[string]time.Duration{}, names: map[*clip]string{}}
	log := zerolog.New(writer{w}).Level(zerolog.WarnLevel)
	dir, err := os.MkdirTemp("", "asterism-test-")
	if err != nil {
		return nil, err
	}
	w.dir = dir
	if w.root, err = os.OpenRoot(dir); err != nil {
		return nil, err
	}
	w.spool = voicemail.New(w.root, recordings)
	w.sounds.own = sound.NewLibrary([]fs.FS{w.root.FS()}, 1<<20)
	snap, problems := config.Load(s.Etc, config.LoadOptions{})
	w.snap = snap
	w.store = store.NewMemory(w.clock.Now)
	w.events = event.NewBus(zerolog.Nop())
	random := rand.New(rand.NewPCG(s.Seed, s.Seed))
	var drawing sync.Mutex
	w.host = scripting.New(scripting.Config{Plugins: s.Plugins, Store: w.store, Sounds: w.sounds, Devices: w.devices, Calls: w.begins(), Recordings: w.archive(), Conferences: conferences{w}, Mailboxes: w.spool, Outbox: outbox.New(w.root, recordings, log), Rehearsal: true, Events: w.events, Log: log, Clock: w.clock, Trace: w,
		Random: func() float64 { drawing.Lock(); defer drawing.Unlock(); return random.Float64() }})
	gen, more := w.host.Load(s.Etc, snap)
	problems = append(problems, more...)
	if gen == nil || config.Failed(more) {
		w.close()
		return nil, &LoadError{problems}
	}
	gen.InForce()
	w.gen = gen
	w.tones, _ = tone.Load(snap.File("indications.conf"))
	w.cover.plan(gen)
	records := engine.NewRecorder(w.record, w.clock.Now, w.events, log)
	w.core = channel.NewCore(channel.CoreConfig{Clock: w.clock, Log: log, SystemName: snap.Asterisk.SystemName, Language: snap.Asterisk.DefaultLanguage, Observer: observer{records, w}, Start: w.start, NewRoom: w.newRoom, OpenTape: w.tape,
		Music: func(class string) (*media.Music, bool) { return media.NewMusic(class, nil), true },
		Tones: func(*channel.Channel) *tone.Zones { return w.tones }})
	w.core.AddTech(&phones{w})
	w.core.AddTech(&locals{w: w})
	return w, nil
}

// begins is how scripts begin calls.
func (w *World) begins() Originator {
	return Originator{func() *channel.Core { return w.core }, func() *scripting.Generation { return w.gen },
		func(ch *channel.Channel, script func() error) { w.run(ch, script, func(error) {}) }}
}

// observer hears of every channel's end, after the records have.
type observer struct {
	channel.Observer
	w *World
}

func (o observer) ChannelEnded(ch *channel.Channel) {
	o.Observer.ChannelEnded(ch)
	o.w.changes(ch)
	o.w.mu.Lock()
	delete(o.w.places, ch)
	delete(o.w.vars, ch)
	o.w.legs = slices.DeleteFunc(o.w.legs, func(l *leg) bool { return l.ch == ch })
	o.w.mu.Unlock()
}

func (w *World) record(r cdr.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, r)
	return nil
}

// tell adds an event of a channel to the story.
func (w *World) tell(ch *channel.Channel, e Event) {
	e.At = w.Now()
	w.mu.Lock()
	if e.Call == 0 {
		e.Call = w.links[ch.LinkedID()]
	}
	w.mu.Unlock()
	w.story.add(e)
}

// start runs the dialplan for a channel on a goroutine, which Close waits for.
func (w *World) start(ch *channel.Channel) {
	w.run(ch, func() error { return w.gen.Run(ch) }, func(error) {})
}

func (w *World) run(ch *channel.Channel, script func() error, done func(error)) {
	w.mu.Lock()
	w.running++
	w.mu.Unlock()
	go func() {
		err := script()
		if err != nil {
			w.tell(ch, Event{What: errored, Text: err.Error()})
		}
		ch.Release()
		done(err)
		w.mu.Lock()
		w.running--
		w.mu.Unlock()
	}()
}

// Now is the virtual time since the world began.
func (w *World) Now() time.Duration { return w.clock.Now().Sub(w.began) }

// Time is the virtual time of day.
func (w *World) Time() time.Time { return w.clock.Now() }

// Wait jumps from event to event until done says so; false when it did not before limit, or nothing more can happen.
func (w *World) Wait(done func() bool, limit time.Duration) (bool, error) {
	for {
		if err := w.settler.settle(); err != nil {
			return false, err
		}
		if done() {
			return true, nil
		}
		next, ok := w.clock.Next()
		if !ok {
			return false, nil
		}
		if next.Sub(w.began) > limit {
			w.clock.Set(w.began.Add(limit))
			return done(), nil
		}
		w.clock.Advance()
	}
}

// Jump moves the clock to a moment to come, running what is due on the way.
func (w *World) Jump(to time.Time) error {
	if to.Before(w.clock.Now()) {
		return fmt.Errorf("the clock shows %s and cannot go back to %s while the test runs", w.clock.Now().Format(time.DateTime), to.Format(time.DateTime))
	}
	_, err := w.Wait(func() bool { return false }, to.Sub(w.began))
	w.clock.Set(to)
	return err
}

// Events are those since an index.
func (w *World) Events(since int) []Event { return w.story.from(since) }

// Expect needs no preparation here.
func (w *World) Expect(string, string, string) {}

// rest lets the goroutines do what they can at this moment.
func (w *World) rest() error {
	_, err := w.Wait(func() bool { return true }, 0)
	return err
}

// Records are the call detail records written so far.
func (w *World) Records() []cdr.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.records)
}

// Mailbox is how many messages a mailbox has that nobody has heard, urgent ones among them, and how many that were heard and kept.
func (w *World) Mailbox(b voicemail.Box) (unheard, urgent, old int) {
	urgent = w.spool.Count(b, "Urgent")
	return w.spool.Count(b, "INBOX") + urgent, urgent, w.spool.Count(b, "Old")
}

// errStuck is a channel that does not end.
var errStuck = errors.New("the call does not end")

// Close hangs up what is up and waits for the scripts: an error names those that stay.
func (w *World) Close() error {
	defer w.close()
	for _, ch := range w.core.Channels() {
		ch.Hangup(0)
	}
	idle := func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.running == 0
	}
	if ok, err := w.Wait(idle, w.Now()+time.Hour); !ok {
		return errors.Join(err, errStuck)
	}
	for _, ch := range w.core.Channels() {
		defer ch.Release()
		return fmt.Errorf("channel %s was left behind", ch.Name())
	}
	return nil
}

func (w *World) close() {
	w.host.Close()
	w.events.Close()
	_ = w.store.Close()
	_ = w.root.Close()
	_ = os.RemoveAll(w.dir)
}
