package luatest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/media"
	"asterism/engine/outbox"
	"asterism/engine/sound"
	"asterism/engine/store"
	"asterism/engine/voicemail"
	"asterism/scripting"
	"asterism/scripting/dialtest"

	"github.com/rs/zerolog"
	lua "github.com/yuin/gopher-lua"
)

// harness is the dialplan every test's channel runs: one application, by name.
const harness = `
extensions = extensions or {}
extensions.luatest = { run = function()
  app[channel.LUATEST_APP:get()](channel.LUATEST_DATA:get())
  channel.LUATEST_RETURNED = "yes"
end }
`

// Run runs every *_test.lua of every plugin in plugins, each test() as a subtest. A plugin without a test fails.
func Run(t *testing.T, plugins fs.FS) {
	entries, err := fs.ReadDir(plugins, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			files, err := fs.Glob(plugins, path.Join(e.Name(), "*_test.lua"))
			if err != nil || len(files) == 0 {
				t.Fatalf("plugin %s has no %[1]s_test.lua", e.Name())
			}
			for _, file := range files {
				runFile(t, plugins, file)
			}
		})
	}
}

func runFile(t *testing.T, plugins fs.FS, file string) {
	src, err := fs.ReadFile(plugins, file)
	if err != nil {
		t.Fatal(err)
	}
	names, _ := load(t, file, string(src))
	if len(names) == 0 {
		t.Fatalf("%s: no test(name, function)", file)
	}
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, plugins)
				defer w.close()
				_, tests := load(t, file, string(src))
				l := tests[i].state
				l.Push(tests[i].body)
				l.Push(w.table(l))
				if err := l.PCall(1, 0, nil); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

type luaTest struct {
	state *lua.LState
	body  *lua.LFunction
}

// load runs a test file and collects its tests.
func load(t *testing.T, file, src string) (names []string, tests []luaTest) {
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	t.Cleanup(l.Close)
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath} {
		l.Push(l.NewFunction(open))
		l.Call(0, 0)
	}
	l.SetGlobal("test", l.NewFunction(func(l *lua.LState) int {
		names = append(names, l.CheckString(1))
		tests = append(tests, luaTest{l, l.CheckFunction(2)})
		return 0
	}))
	fn, err := l.Load(strings.NewReader(src), file)
	if err != nil {
		t.Fatal(err)
	}
	l.Push(fn)
	if err := l.PCall(0, 0, nil); err != nil {
		t.Fatal(err)
	}
	return names, tests
}

// world is what one test runs in.
type world struct {
	t       *testing.T
	plugins fs.FS
	clock   *dialtest.Clock
	core    *channel.Core
	host    *scripting.Host
	store   store.Store
	prompts *prompts
	records *records
	devices *devices
	phones  map[string]*phone
	techs   map[string]bool
	text    string // of t:dialplan
	conf    string // of t:conf: extensions.conf
	gen     *scripting.Generation
	loaded  string // the text gen was made of

	mu  sync.Mutex // guards below; a leaf
	log bytes.Buffer
	rel []string

	talks   time.Duration // how long a party that is recorded speaks
	archive sound.Archive

	started []*channel.Channel // that run on their own
	confs   map[string]string  // of t:conf
}

// Write takes log lines.
func (w *world) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(b)
}

func (w *world) released(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rel = append(w.rel, what)
}

func newWorld(t *testing.T, plugins fs.FS) *world {
	w := &world{t: t, plugins: plugins, clock: dialtest.NewClock(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)), prompts: &prompts{lengths: map[string]time.Duration{}}, records: &records{fields: map[string]string{}}, devices: &devices{states: map[string]string{}}, phones: map[string]*phone{}, techs: map[string]bool{}}
	w.store = store.NewMemory(w.clock.Now)
	log := zerolog.New(w)
	w.core = channel.NewCore(channel.CoreConfig{Clock: w.clock, Log: log, Start: w.start, NewRoom: w.newRoom, OpenTape: w.tape, Records: w.records, Music: func(class string) (*media.Music, bool) {
		return media.NewMusic(class, nil), class != "none"
	}})
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.archive = sound.Archive{{Path: "/sounds", Root: root}}
	w.host = scripting.New(scripting.Config{Recordings: w.archive, Mailboxes: voicemail.New(root, "/sounds"), Outbox: outbox.New(root, "/sounds", log), Plugins: []fs.FS{plugins}, Store: w.store, Sounds: w.prompts, Devices: w.devices, Conferences: conferences{w}, Calls: dialtest.Originator{Core: func() *channel.Core { return w.core }, Generation: func() *scripting.Generation { return w.gen }, Start: w.begin}, Log: log, Clock: w.clock})
	w.tech("PJSIP")
	w.tech("Local")
	return w
}

func (w *world) tech(name string) {
	if !w.techs[name] {
		w.techs[name] = true
		w.core.AddTech(&tech{w, name})
	}
}

func (w *world) close() {
	w.host.Close()
	for _, ch := range w.core.Channels() {
		w.t.Errorf("channel %s was left behind", ch.Name())
		ch.Release()
	}
	w.core.WaitMonitors()
	_ = w.archive[0].Root.Close()
	_ = w.store.Close()
}

// start runs a channel that was sent into the dialplan on its own.
func (w *world) start(ch *channel.Channel) {
	w.begin(ch, func() error { return w.gen.Run(ch) })
}

func (w *world) begin(ch *channel.Channel, script func() error) {
	w.mu.Lock()
	w.started = append(w.started, ch)
	w.mu.Unlock()
	go func() { // run waits for it
		_ = script() // what went wrong is in the log
		ch.Release()
		w.mu.Lock()
		w.started = slices.DeleteFunc(w.started, func(c *channel.Channel) bool { return c == ch })
		w.mu.Unlock()
	}()
}

// others are the channels that run on their own.
func (w *world) others() []*channel.Channel {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.started)
}

// party is the channel a test drives.
type party struct {
	w       *world
	ch      *channel.Channel
	leg     *leg
	began   time.Time
	took    time.Duration
	presses []press
	leaves  time.Duration
	fails   bool // the test expects a Lua error
}

type press struct {
	at   time.Duration
	keys string
}

func (w *world) party(cfg channel.Config, media bool) *party {
	l := &leg{w: w}
	if media {
		l.sound = &sounding{w: w}
	}
	if cfg.Leg = l; cfg.Tech == "Plain" { // without what SIP brings beside the call
		cfg.Leg = struct{ channel.Leg }{l}
	} else {
		cfg.Tech = "PJSIP"
	}
	cfg.Endpoint = "caller"
	if cfg.State == channel.Down {
		cfg.State = channel.Ring
	}
	ch := w.core.New(cfg)
	l.ch = ch
	return &party{w: w, ch: ch, leg: l, leaves: -1}
}

// generation is the plugins with the test's dialplan, loaded once for each text of it.
func (w *world) generation() (*scripting.Generation, error) {
	if w.gen != nil && w.loaded == w.text+w.conf {
		return w.gen, nil
	}
	etc := fstest.MapFS{"extensions.lua": {Data: []byte(w.text + harness)}}
	if w.conf != "" {
		etc["extensions.conf"] = &fstest.MapFile{Data: []byte(w.conf)}
	}
	gen, problems := w.host.Load(etc, w.snapshot())
	for _, pr := range problems {
		if !pr.Warning {
			return nil, pr
		}
	}
	gen.InForce()
	w.gen, w.loaded = gen, w.text+w.conf
	return gen, nil
}

// run takes the party through the dialplan from place, advancing the clock whenever everything waits.
func (p *party) run(place dialplan.Place) error {
	gen, err := p.w.generation()
	if err != nil {
		return err
	}
	p.ch.SetPlace(place)
	p.began = p.w.clock.Now()
	for _, pr := range p.presses {
		for i, key := range pr.keys {
			p.w.clock.At(pr.at+time.Duration(i)*100*time.Millisecond, func() { p.ch.Digit(key) })
		}
	}
	if p.leaves >= 0 {
		p.w.clock.At(p.leaves, func() { p.ch.FarEndGone(channel.NormalClearing) })
	}
	done := make(chan struct{})
	var failed error // written before done is closed
	go func() {
		defer close(done)
		failed = gen.Run(p.ch)
		p.ch.Release()
	}()
	for {
		synctest.Wait()
		select {
		case <-done:
			if p.took == 0 {
				p.took = p.w.clock.Now().Sub(p.began)
			}
			if others := p.w.others(); len(others) > 0 {
				if !p.w.clock.Advance() {
					for _, ch := range others {
						ch.Hangup(channel.NormalClearing)
					}
				}
				continue
			}
			if (failed != nil) != p.fails {
				return fmt.Errorf("the script's error is %v; c:fails() says that there will be one", failed)
			}
			return nil
		default:
		}
		if !p.w.clock.Advance() {
			p.ch.Hangup(channel.NormalClearing)
			<-done
			return fmt.Errorf("the script waits for ever, %v after it began", p.w.clock.Now().Sub(p.began))
		}
	}
}

// CheckDialplan loads every folder of dialplans as a configuration, with the given plugins, and fails on any error of it.
func CheckDialplan(t *testing.T, etc fs.FS, plugins fs.FS) {
	t.Helper()
	snap, problems := config.Load(etc, config.LoadOptions{})
	host := scripting.New(scripting.Config{Plugins: []fs.FS{plugins}, Log: zerolog.Nop()})
	defer host.Close()
	gen, found := host.Load(etc, snap)
	for _, p := range append(problems, found...) {
		t.Errorf("%v", p.Error())
	}
	if gen == nil {
		t.Fatal("no generation")
	}
}
