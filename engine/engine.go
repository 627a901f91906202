// Package engine is the PBX: it opens listeners, gives each call the current generation of configuration and dialplan, and runs it.
//
//	Start ► generation 1 ► listeners ► calls      Reload ► read, compile, check ► swap ► listeners that are new     Shutdown ► 503, wait, hang up
//
// README.md beside this file is the architecture page.
package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"asterism/engine/cdr"
	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/device"
	"asterism/engine/dialplan"
	"asterism/engine/endpoint"
	"asterism/engine/event"
	"asterism/engine/media"
	"asterism/engine/moh"
	"asterism/engine/outbox"
	"asterism/engine/registrar"
	"asterism/engine/registration"
	"asterism/engine/sip"
	"asterism/engine/sip/dialog"
	"asterism/engine/store"
	"asterism/engine/subscription"
	"asterism/engine/tech/local"
	"asterism/engine/tech/pjsip"
	"asterism/engine/tone"
	"asterism/engine/voicemail"

	"github.com/rs/zerolog"
)

// Script is a compiled dialplan; package scripting has it.
type Script interface {
	// Run takes a channel through the dialplan from its place to `h`. It does not hang up.
	Run(ch *channel.Channel) error
	// RunApplication runs one application on a channel and hangs up.
	RunApplication(ch *channel.Channel, name, data string) error
	Index() *dialplan.Index
	// Find looks a number from the wire up: text that could act as more than a number in a Dial is found only if a pattern says so.
	Find(context, exten, cid string) (dialplan.Entry, bool)
	// Hint is the devices of the hint of a number from the wire; false if it has none.
	Hint(context, exten string) (devices string, ok bool)
	// InForce is told when the generation begins to take calls: its global variables then hold, and what its plugins do beside calls
	// (events, timers, commands) begins. It returns at once.
	InForce()
	// Applications, Functions and Commands name what plugins bring, sorted; Describe is the help text of one of kind "application",
	// "function" or "command".
	Applications() []string
	Functions() []string
	Commands() []string
	Describe(kind, name string) (string, bool)
	RunCommand(ctx context.Context, words []string, out io.Writer) error
	// Failures are the errors that scripts ended with since the start, the latest last, each several lines.
	Failures() []string
}

// Config is what an engine is made of.
type Config struct {
	Etc    string // the configuration directory
	Store  store.Store
	CDR    *cdr.Writer // nil: no records are written
	Events *event.Bus
	Log    zerolog.Logger
	// Globals are read and written for managers.
	Globals Globals
	// Read reads all .conf files anew; it never returns nil.
	Read func() (*config.Snapshot, []config.Problem)
	// Script compiles the dialplan of a new generation; nil, with problems, when nothing of it is usable.
	Script func(etc fs.FS, snap *config.Snapshot) (Script, []config.Problem)
	Music  moh.Config
	// Mailboxes are watched: event.MailboxChanged. nil: there are none.
	Mailboxes *voicemail.Spool
	// Outbox is worked through. nil: there is none.
	Outbox *outbox.Outbox
	Trace  io.Writer // SIP trace; nil: the log
	// OpenTape begins a recording of a conference; nil: there are none.
	OpenTape func(channel.TapeRequest) (channel.Tape, error)
	// MediaThreads is how many threads move media, each with a processor of GOMAXPROCS to itself; 0: as many as GOMAXPROCS says,
	// and they share it with everybody.
	MediaThreads int
}

// generation is one immutable state of configuration and dialplan; calls keep theirs.
type generation struct {
	number int
	snap   *config.Snapshot
	tones  *tone.Zones
	music  []moh.Class
	script Script
	pjsip  *pjsip.Generation
	at     time.Time
}

// Engine is a running PBX. Start, Reload and Shutdown may be called from any goroutine.
type Engine struct {
	cfg           Config
	log           zerolog.Logger
	current       atomic.Pointer[generation]
	problems      atomic.Pointer[[]config.Problem]
	core          *channel.Core
	stack         *sip.Stack
	dialogs       *dialog.Layer
	media         *media.Engine
	registrar     *registrar.Registrar
	subscriptions *subscription.Notifier
	registrations *registration.Registrations
	gate          *endpoint.Gate
	music         *moh.Classes
	pjsip         *pjsip.Tech
	cdrs          *recorder
	devices       device.Sources
	started       time.Time
	booted        chan struct{}
	swapped       chan struct{} // a new generation is in force; room for one

	reload     sync.Mutex                // one reload at a time; guards transports
	transports map[string]*sip.Transport // by listener()
	stop       context.CancelFunc
	life       context.Context // until stop; what nobody waits for lives as long
	wg         sync.WaitGroup  // loops of the engine
	calls      callGroup       // goroutines that run channels
	stopping   atomic.Bool
}

// New makes an engine; nothing runs and no socket is open before Start.
func New(cfg Config) (*Engine, error) {
	e := &Engine{cfg: cfg, log: cfg.Log, booted: make(chan struct{}), swapped: make(chan struct{}, 1), transports: map[string]*sip.Transport{}}
	secret := make([]byte, 32)
	rand.Read(secret)
	e.devices = device.Sources{Store: cfg.Store, Channels: func() []*channel.Channel { return e.core.Channels() },
		Contacts: func(aor string) []registrar.Contact { return e.registrar.Contacts(aor) },
		Config:   func() *config.PJSIP { return &e.current.Load().snap.PJSIP }}
	e.gate = endpoint.NewGate(endpoint.GateConfig{Secret: secret, Events: cfg.Events, Log: cfg.Log})
	e.music = moh.New(cfg.Music)
	return e, nil
}

// Start reads the configuration, opens the listeners and takes calls. Objects with errors are left out, each with a log line; Start fails
// when no listener can be opened.
func (e *Engine) Start(ctx context.Context) error {
	e.started = time.Now()
	gen, problems := e.load(1)
	e.report(problems)
	m, err := media.New(e.mediaConfig(gen))
	if err != nil {
		return err
	}
	e.media = m
	e.cdrs = newRecorder(e.cfg.CDR, e.cfg.Events, e.log)
	e.cdrs.late = func() bool {
		gen := e.current.Load()
		return gen != nil && !gen.snap.CDR.EndBeforeHExten
	}
	e.core = channel.NewCore(channel.CoreConfig{Log: e.log, SystemName: gen.snap.Asterisk.SystemName, Language: gen.snap.Asterisk.DefaultLanguage, Observer: e.cdrs, Start: e.run, Tones: e.tones,
		Records: e.cdrs, Music: e.music.Music, NewRoom: e.newRoom, OpenTape: e.cfg.OpenTape})
	e.stack = sip.New(sip.Config{UserAgent: gen.snap.PJSIP.Global.UserAgent, Log: e.log, TraceWriter: e.cfg.Trace, T1: gen.snap.PJSIP.System.TimerT1,
		DisableTCPSwitch: gen.snap.PJSIP.System.DisableTCPSwitch,
		OnRequest:        func(tx *sip.ServerTx) { e.pjsip.OnRequest(tx) },
		OnACK:            func(t *sip.Transport, req *sip.Request) { e.pjsip.OnACK(t, req) },
		OnResponse:       func(t *sip.Transport, res *sip.Response) { e.pjsip.OnResponse(t, res) }})
	e.dialogs = dialog.NewLayer(e.stack, e.log)
	e.registrar = registrar.New(registrar.Config{Store: e.cfg.Store, Stack: e.stack, Events: e.cfg.Events, Log: e.log})
	e.registrations = registration.New(registration.Config{Stack: e.stack, Store: e.cfg.Store, Events: e.cfg.Events, Log: e.log})
	e.subscriptions = e.newSubscriptions()
	e.pjsip = pjsip.New(pjsip.Config{Core: e.core, Stack: e.stack, Dialogs: e.dialogs, Media: e.media, Registrar: e.registrar, Gate: e.gate,
		Subscriptions: e.subscriptions, Line: e.registrations.Line,
		Current: func() *pjsip.Generation { return e.current.Load().pjsip }, Full: e.full, Log: e.log})
	e.core.AddTech(e.pjsip)
	e.core.AddTech(local.New(e.core, e.media))
	e.current.Store(gen)
	gen.script.InForce()
	e.music.Configure(gen.music)
	e.registrar.Configure(&gen.snap.PJSIP)
	e.registrations.Configure(&gen.snap.PJSIP)
	e.gate.Configure(&gen.snap.PJSIP)
	if err := e.listen(gen); err != nil {
		e.media.Close()
		e.stack.Close()
		return err
	}
	loops, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop, e.life = stop, loops
	e.wg.Go(func() { _ = e.registrar.Run(loops) })
	e.wg.Go(func() { e.watch(loops) })
	states := &device.Watcher{Sources: &e.devices, Hints: e.hints, Events: e.cfg.Events, Log: e.log}
	e.wg.Go(func() { _ = states.Run(loops) })
	e.wg.Go(func() { _ = e.subscriptions.Run(loops) })
	e.wg.Go(func() { _ = e.registrations.Run(loops) })
	e.wg.Go(func() { e.resolveHosts(loops) })
	if e.cfg.Mailboxes != nil {
		e.wg.Go(func() { e.watchMailboxes(loops) })
	}
	if e.cfg.Outbox != nil {
		e.wg.Go(func() { e.cfg.Outbox.Run(loops, e.outboxSettings, e.transcribed) })
	}
	close(e.booted)
	e.cfg.Events.Publish(event.EngineStarted{At: time.Now()})
	return nil
}

// mediaConfig is rtp.conf and codecs.conf as the media engine takes it.
func (e *Engine) mediaConfig(gen *generation) media.Config {
	rtp := gen.snap.RTP
	return media.Config{PortMin: rtp.RTPStart, PortMax: rtp.RTPEnd, StrictRTP: rtp.StrictRTP != "no", Probation: rtp.Probation,
		RTCPInterval: rtp.RTCPInterval, Backend: rtp.PacketIO, RecvBuffer: rtp.RecvBuffer, Shards: e.cfg.MediaThreads, OwnProcessors: e.cfg.MediaThreads > 0,
		Codecs: encoders(gen.snap.Opus), Log: e.log}
}

// watch reloads when files change.
func (e *Engine) watch(ctx context.Context) {
	err := Watch(ctx, []string{e.cfg.Etc}, 300*time.Millisecond, func(paths []string) {
		e.log.Info().Strs("files", paths).Msg("files changed, reloading")
		e.Reload()
	})
	if err != nil && ctx.Err() == nil {
		e.log.Error().Err(err).Msg("file watch failed: use 'core reload' after changes")
	}
}

// hostsEvery is how often the host names of identify objects are looked up again.
const hostsEvery = 5 * time.Minute

// resolveHosts keeps the addresses of match=host.name current; it must not hold a reload up.
func (e *Engine) resolveHosts(ctx context.Context) {
	var before *endpoint.Directory
	tick := time.NewTicker(hostsEvery)
	defer tick.Stop()
	for {
		directory := e.current.Load().pjsip.Directory
		if err := directory.Resolve(ctx, net.DefaultResolver, before); err != nil && ctx.Err() == nil {
			e.log.Warn().Err(err).Msg("identify: a host name does not resolve and matches nobody")
		}
		before = directory
		select {
		case <-tick.C:
		case <-e.swapped:
		case <-ctx.Done():
			return
		}
	}
}

// load reads and compiles generation number.
func (e *Engine) load(number int) (*generation, []config.Problem) {
	etc := os.DirFS(e.cfg.Etc)
	snap, problems := e.cfg.Read()
	problems = append(problems, Lacking(snap)...)
	script, more := e.cfg.Script(etc, snap)
	problems = append(problems, more...)
	tones, more := loadTones(snap)
	problems = append(problems, more...)
	music, more := moh.Load(snap.File("musiconhold.conf"))
	problems = append(problems, more...)
	if script == nil {
		script = noScript{}
	}
	gen := &generation{number: number, snap: snap, tones: tones, music: music, script: script, at: time.Now()}
	gen.pjsip = &pjsip.Generation{PJSIP: &snap.PJSIP, Directory: endpoint.New(&snap.PJSIP), Index: script.Index(), Find: script.Find,
		OpusFmtp: opusFmtp(snap.Opus), Attached: gen}
	return gen, problems
}

// Lacking says what a configuration needs and has not: without it no call can come.
func Lacking(snap *config.Snapshot) []config.Problem {
	if snap.File("pjsip.conf") == nil && snap.File("pjsip_wizard.conf") == nil {
		return []config.Problem{{Pos: config.Pos{File: "pjsip.conf"}, What: "the file is missing", Want: "it holds phones and a transport; 'asterism init DIR' writes an example"}}
	}
	if len(snap.PJSIP.Transports) == 0 {
		return []config.Problem{{Pos: config.Pos{File: "pjsip.conf"}, What: "no usable transport",
			Want: "add [transport-udp] with type=transport, protocol=udp and bind=0.0.0.0"}}
	}
	return nil
}

// Listeners are the addresses that are open.
func (e *Engine) Listeners() []*sip.Transport { return e.stack.Transports() }

// report logs problems and keeps them for `dialplan show errors`.
func (e *Engine) report(problems []config.Problem) {
	e.problems.Store(&problems)
	for _, p := range problems {
		if p.Warning {
			e.log.Warn().Msg(p.Error())
		} else {
			e.log.Error().Msg(p.Error())
		}
	}
}

// Reload reads everything again. With an error anywhere the old generation stays; otherwise new calls take the new one and calls that are
// up keep theirs. Listeners whose address did not change are not touched.
func (e *Engine) Reload() []config.Problem {
	e.reload.Lock()
	defer e.reload.Unlock()
	old := e.current.Load()
	gen, problems := e.load(old.number + 1)
	if e.stopping.Load() {
		return problems
	}
	e.report(problems)
	if config.Failed(problems) {
		e.log.Error().Int("generation", old.number).Msg("reload refused: the old configuration and dialplan stay in force")
		e.cfg.Events.Publish(event.ConfigRejected{At: time.Now(), Generation: old.number, Problems: texts(problems)})
		return problems
	}
	e.current.Store(gen)
	gen.script.InForce()
	e.music.Configure(gen.music)
	select {
	case e.swapped <- struct{}{}:
	default:
	}
	e.registrar.Configure(&gen.snap.PJSIP)
	e.registrations.Configure(&gen.snap.PJSIP)
	e.gate.Configure(&gen.snap.PJSIP)
	if err := e.listen(gen); err != nil {
		problems = append(problems, config.Problem{Pos: config.Pos{File: "pjsip.conf"}, What: err.Error()})
		e.report(problems)
	}
	if err := e.media.Reconfigure(e.mediaConfig(gen)); err != nil {
		problems = append(problems, config.Problem{Pos: config.Pos{File: "rtp.conf"}, What: err.Error()})
		e.report(problems)
	}
	if gen.snap.RTP.PacketIO != old.snap.RTP.PacketIO {
		e.log.Warn().Msg("rtp.conf: packet_io takes effect at the next start")
	}
	e.log.Info().Int("generation", gen.number).Msg("reloaded")
	e.cfg.Events.Publish(event.ConfigReloaded{At: time.Now(), Generation: gen.number})
	return problems
}

func texts(problems []config.Problem) []string {
	out := make([]string, len(problems))
	for i, p := range problems {
		out[i] = p.Error()
	}
	return out
}

// listen opens the listeners that are new and closes those no longer named; one that is unchanged stays open. An error
// is returned when none is open at the end but for a PBX without phones; one bad listener does not take the others down.
func (e *Engine) listen(gen *generation) error {
	wanted := map[string]bool{}
	var failed error
	for _, c := range gen.snap.PJSIP.Transports {
		wanted[listener(c)] = true
	}
	for key, t := range e.transports {
		if !wanted[key] {
			delete(e.transports, key)
			e.log.Info().Str("transport", t.Name()).Msg("listener closed")
			if err := t.Close(); err != nil {
				e.log.Warn().Err(err).Str("transport", t.Name()).Msg("listener did not close cleanly")
			}
		}
	}
	for _, c := range gen.snap.PJSIP.Transports {
		key := listener(c)
		if e.transports[key] != nil {
			continue
		}
		t, err := e.stack.Listen(sip.TransportConfig{Name: c.Name, Protocol: c.Protocol, Bind: c.Bind, TOS: c.TOS, COS: c.COS,
			ExternalSignalingAddress: c.ExternalSignalingAddress, ExternalSignalingPort: c.ExternalSignalingPort, LocalNets: c.LocalNet})
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: transport %q: %w", c.Pos, c.Name, err))
			e.log.Error().Err(err).Str("transport", c.Name).Str("bind", c.Bind.String()).Msg("listener not opened")
			continue
		}
		e.transports[key] = t
		e.log.Info().Str("transport", c.Name).Str("protocol", c.Protocol).Str("address", t.LocalAddr().String()).Msg("listening")
	}
	switch {
	case len(e.transports) > 0:
		return nil
	case failed == nil && len(gen.snap.PJSIP.Endpoints) > 0:
		return errors.New("no transport is configured in pjsip.conf")
	case failed == nil:
		e.log.Warn().Msg("no transport and no endpoint is configured in pjsip.conf: there are no phones")
	}
	return failed
}

// listener names all that an open listener cannot change.
func listener(c *config.Transport) string {
	return fmt.Sprint(c.Name, c.Protocol, c.Bind, c.TOS, c.COS, c.ExternalSignalingAddress, c.ExternalSignalingPort, c.LocalNet)
}

// run takes a channel through its generation's dialplan on a goroutine of its own.
func (e *Engine) run(ch *channel.Channel) {
	e.runBy(ch, func(s Script) error { return s.Run(ch) })
}

func (e *Engine) runBy(ch *channel.Channel, f func(Script) error) {
	if !e.calls.add() {
		ch.Hangup(channel.Congestion)
		ch.Release()
		return
	}
	go func() { // ended by the script's end; Shutdown hangs channels up and waits in calls
		defer e.calls.done()
		defer ch.Release()
		_ = f(e.generationOf(ch).script) // it has told its errors
	}()
}

// generationOf is what a call began with.
func (e *Engine) generationOf(ch *channel.Channel) *generation {
	if gen, ok := ch.Attachment().(*generation); ok {
		return gen
	}
	return e.current.Load()
}

// full: asterisk.conf's maxcalls is reached.
func (e *Engine) full() bool {
	limit := e.current.Load().snap.Asterisk.MaxCalls
	return limit > 0 && e.calls.count() >= limit
}

// Shutdown stops taking calls, waits for those that are up until ctx ends, hangs them up, and returns when nothing of the engine runs.
func (e *Engine) Shutdown(ctx context.Context) error {
	if e.pjsip == nil { // never started
		return nil
	}
	e.StopAccepting()
	e.cfg.Events.Publish(event.EngineStopping{At: time.Now()})
	e.stop()
	e.calls.wait(ctx)
	for _, ch := range e.core.Channels() {
		ch.Hangup(0)
	}
	polite, cancel := context.WithTimeout(context.WithoutCancel(ctx), politeness)
	defer cancel()
	e.calls.wait(polite)
	e.calls.close()
	e.core.WaitMonitors()
	e.dialogs.Close(polite)
	select { // the registrars are told that we go
	case <-e.registrations.Ended():
	case <-polite.Done():
	}
	e.reload.Lock() // a reload that runs ends first
	defer e.reload.Unlock()
	e.stack.Close()
	e.pjsip.Wait()
	e.wg.Wait()
	e.media.Close()
	return nil
}

// politeness is how long BYEs may wait for their answers at shutdown.
const politeness = 2 * time.Second

// StopAccepting refuses new INVITEs with 503 and Retry-After; calls that are up go on (core stop gracefully).
func (e *Engine) StopAccepting() {
	e.stopping.Store(true)
	if e.pjsip != nil {
		e.pjsip.Stop()
	}
}

// Idle returns when no call is up, or ctx ends.
func (e *Engine) Idle(ctx context.Context) { e.calls.wait(ctx) }
