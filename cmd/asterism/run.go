package main

import (
	"context"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"asterism/engine"
	"asterism/engine/cdr"
	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/manage"
	"asterism/engine/manage/ami"
	"asterism/engine/manage/logger"
	"asterism/engine/moh"
	"asterism/engine/outbox"
	"asterism/engine/sound"
	"asterism/engine/store"
	"asterism/engine/voicemail"
	"asterism/plugins"
	"asterism/scripting"
	"asterism/sounds"

	"github.com/rs/zerolog"
	"golang.org/x/term"
)

type runCommand struct {
	Etc       string        `help:"Configuration directory; without it /etc/asterism or /etc/asterisk." type:"path" placeholder:"DIR"`
	Data      string        `help:"Where log, spool, data and control socket go, unless asterisk.conf names other places." type:"path" placeholder:"DIR"`
	LogFormat string        `help:"Form of the log on the terminal: console or json." enum:"console,json" default:"console"`
	LogLevel  string        `help:"Least level on the terminal: error, warn, info, debug or trace." enum:"error,warn,info,debug,trace" default:"info"`
	Verbose   int           `help:"More verbose; may be repeated. Without it the level is 3, which shows what each call executes." short:"v" type:"counter"`
	Grace     time.Duration `help:"How long calls that are up may go on after Ctrl-C or SIGTERM." default:"5s"`
}

// Run starts a PBX.
func (c *runCommand) Run(t terminal) error {
	p, err := findPlaces("", c.Etc, c.Data)
	if err != nil {
		return err
	}
	conf := p.snapshot.Asterisk
	o := runOptions{places: p, grace: c.Grace, json: c.LogFormat == "json", color: !conf.NoColor, welcome: c.LogFormat != "json",
		verbose: max(c.Verbose, conf.Verbose), debug: conf.Debug}
	if o.verbose == 0 {
		o.verbose = 3
	}
	switch c.LogLevel {
	case "error":
		o.mask = logger.Error
	case "warn":
		o.mask = logger.Error | logger.Warning
	case "debug":
		o.debug = max(o.debug, 1)
	case "trace":
		o.debug = max(o.debug, 5)
	}
	return run(t, o)
}

// runOptions are what both command lines come to.
type runOptions struct {
	places         places
	grace          time.Duration
	json, color    bool
	mask           logger.Mask
	welcome        bool // tell on the terminal what to do next
	console        bool // -c
	quiet, mute    bool
	verbose, debug int
	user, group    string
	dump           bool
}

// run is a PBX from its directories to its end. What it opens it closes, in the opposite order.
func run(t terminal, o runOptions) error {
	p := o.places
	if o.dump {
		debug.SetTraceback("crash")
	}
	first := firstStart(p)
	if err := p.create(); err != nil {
		return err
	}
	conf := p.snapshot.Asterisk
	if err := become(orElse(o.user, conf.RunUser), orElse(o.group, conf.RunGroup), p.dirs.VarLib, p.dirs.DB, p.dirs.Spool, p.dirs.Run, p.dirs.Log); err != nil {
		return err
	}
	lock, err := manage.LockDir(p.dirs.Run)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	signal.Ignore(syscall.SIGPIPE) // a terminal or pipe that goes away must not take calls with it
	router, err := newRouter(t, o)
	if err != nil {
		return err
	}
	defer router.Close()
	log := zerolog.New(router).With().Timestamp().Logger()
	restart, err := serve(t, o, first, router, log, signals)
	if n := router.Lost(); n > 0 {
		log.Warn().Uint64("lines", n).Msg("a console was too slow and missed lines of the log")
	}
	if err != nil || !restart {
		return err
	}
	router.Close()
	lock.Unlock()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, os.Environ())
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// newRouter makes the log. zerolog's time format is process-wide, so it is set here, once.
func newRouter(t terminal, o runOptions) (*logger.Router, error) {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	files, _ := logFiles(o.places, o.places.snapshot.Logger)
	setup := logger.Setup{JSON: o.json, Mask: o.mask, Verbose: o.verbose, Debug: o.debug, Files: files}
	if !o.console {
		setup.Console = t.out
		out, isFile := t.out.(*os.File)
		setup.Color = o.color && isFile && term.IsTerminal(int(out.Fd()))
	}
	if words := o.places.snapshot.Logger.Console; setup.Mask == 0 && len(words) > 0 {
		f, _ := logger.ParseLevels(strings.Join(words, ","))
		setup.Mask = f.Mask
	} else if o.mute || o.quiet {
		// Deviates: -m and -q mute only a terminal that logger.conf does not speak of, because under a service manager it is a log.
		setup.Mask = logger.Error | logger.Warning
	}
	return logger.New(setup)
}

// parts are what one PBX is put together from.
type parts struct {
	store   store.Store
	cdr     *cdr.Writer
	events  *event.Bus
	scripts *scripting.Host
	engine  *engine.Engine
	// recovered waits for the messages that a process which died was taking.
	recovered func() []voicemail.Found
}

// prompts are the site's own, those of sounds_search_dirs, a sound pack of the system's, then ours. spool is the spool directory.
func (p places) prompts(spool fs.FS) *sound.Library {
	conf := p.snapshot.Asterisk
	dirs := append([]string{filepath.Join(p.dirs.Data, "sounds")}, conf.SoundsSearchDirs...)
	if system := filepath.Join(systemDirectories.Data, "sounds"); !slices.Contains(dirs, system) {
		dirs = append(dirs, system)
	}
	c := sound.Config{SearchCustom: conf.SoundsSearchCustomDir, Language: conf.DefaultLanguage, OldPrefix: !conf.LanguagePrefix, MaxCacheBytes: soundCache}
	for _, dir := range dirs {
		c.Roots = append(c.Roots, os.DirFS(dir))
		c.Folders = append(c.Folders, sound.Folder{Path: dir, FS: os.DirFS(dir)})
	}
	c.Roots = append(c.Roots, sounds.FS)
	c.Folders = append(c.Folders, sound.Folder{Path: p.dirs.Spool, FS: spool})
	return sound.New(c)
}

// soundCache bounds the decoded prompts that are kept, in bytes: over an hour at 8 kHz.
const soundCache = 64 << 20

// assemble opens what the engine needs. close releases it, also after an error.
func assemble(p places, log zerolog.Logger) (parts, func(), error) {
	var a parts
	var closers []func()
	closeAll := func() {
		for i := len(closers) - 1; i >= 0; i-- {
			closers[i]()
		}
	}
	db, err := store.OpenSQLite(filepath.Join(p.dirs.DB, "astdb.sqlite3"), store.Options{Log: log})
	if err != nil {
		return a, closeAll, err
	}
	a.store = db
	closers = append(closers, closing(log, "database", db.Close))
	a.events = event.NewBus(log)
	closers = append(closers, a.events.Close)
	if a.cdr, err = cdr.Open(p.dirs.Log, cdrOptions(p.snapshot.CDR, log)); err != nil {
		return a, closeAll, err
	}
	closers = append(closers, closing(log, "call detail records", a.cdr.Close))
	spool, err := os.OpenRoot(p.dirs.Spool)
	if err != nil {
		return a, closeAll, err
	}
	closers = append(closers, closing(log, "spool", spool.Close))
	prompts := p.prompts(spool.FS())
	pbx := &later{}
	mailboxes, letters := voicemail.New(spool, p.dirs.Spool), outbox.New(spool, p.dirs.Spool, log)
	archive, recovered, release, err := p.archive(spool, mailboxes, prompts, log)
	closers = append(closers, release)
	if err != nil {
		return a, closeAll, err
	}
	a.recovered = recovered
	a.scripts = scripting.New(scripting.Config{Plugins: []fs.FS{plugins.FS}, Store: a.store, Sounds: prompts, Devices: pbx, Calls: pbx, Conferences: pbx, Recordings: archive, Mailboxes: mailboxes, Outbox: letters, Events: a.events, Log: log})
	closers = append(closers, a.scripts.Close)
	a.engine, err = engine.New(engine.Config{Etc: p.dirs.Etc, Store: a.store, CDR: a.cdr, Events: a.events, Log: log,
		Read: p.read, Script: compiler(a.scripts, prompts), Globals: a.scripts, Mailboxes: mailboxes, Outbox: letters, MediaThreads: mediaThreads(), OpenTape: tapes(archive, p.dirs.Spool),
		Music: moh.Config{Data: []string{p.dirs.Data, systemDirectories.Data}, BuiltIn: sounds.FS, Log: log, Sound: prompts.OpenDefault}})
	if err != nil {
		return a, closeAll, err
	}
	pbx.Engine = a.engine
	closers = append(closers, event.On(a.events, "cdr.conf", func(event.ConfigReloaded) { a.cdr.SetOptions(cdrOptions(a.engine.Config().CDR, log)) }))
	return a, closeAll, nil
}

// mediaThreads is one a core. Each keeps a processor of Go's for itself: what is left for calls is as much as the machine has, and
// the scheduler is not busy with taking processors from threads that sleep for a millisecond and giving them back.
func mediaThreads() int {
	cores := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(2 * cores)
	return cores
}

// later is the engine for scripts, which are made before it and run after.
type later struct{ *engine.Engine }

func closing(log zerolog.Logger, what string, f func() error) func() {
	return func() {
		if err := f(); err != nil {
			log.Error().Err(err).Msg(what + " not closed cleanly")
		}
	}
}

// serve runs the engine until a signal or a console ends it. restart says that it is to begin again.
func serve(t terminal, o runOptions, first bool, router *logger.Router, log zerolog.Logger, signals <-chan os.Signal) (restart bool, err error) {
	p := o.places
	a, release, err := assemble(p, log)
	defer release()
	if err != nil {
		return false, err
	}
	stops := make(stopRequests, 8)
	full := manage.Version(version())
	cli := manage.NewCLI(manage.Config{PBX: a.engine, Media: a.engine, Store: a.store, Music: a.engine, Recordings: monitors{a.engine}, Log: logControl{router, p}, Control: stops, Version: full,
		System: p.snapshot.Asterisk.SystemName, Settings: settings(p)})
	server, err := manage.Listen(p.socket, p.mode, cli, router)
	if err != nil {
		return false, err
	}
	defer server.Close()
	log.Info().Str("version", full).Str("etc", p.dirs.Etc).Msg("starting")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := a.engine.Start(ctx); err != nil {
		return false, err
	}
	told := make(chan struct{})
	go func() { // it ends when what a process left behind is finished
		defer close(told)
		for _, m := range a.recovered() {
			a.events.Publish(event.MessageRecovered{At: time.Now(), Mailbox: m.Box.String(), Folder: m.Folder, Message: m.Message.ID, Number: m.Message.Number, Path: m.Message.Path,
				Caller: m.Message.CallerID, Category: m.Message.Category, Flag: m.Message.Flag, Left: m.Message.Time, Duration: m.Message.Duration})
		}
	}()
	defer func() { <-told }()
	if o.welcome && !o.quiet {
		var text strings.Builder
		var open []listener
		for _, t := range a.engine.Listeners() {
			open = append(open, t)
		}
		welcome(&text, p, a.engine.Config(), open, first)
		router.Tell(text.String())
	}
	if o.console {
		go func() { // ends with the server, at the latest with the process: a terminal cannot be made to stop reading
			if err := console(p.socket, asteriskFlags{noColor: !o.color}, "The PBX ends with its console."); err != nil {
				log.Warn().Err(err).Msg("console")
			}
			stops.Stop(manage.Stop{})
		}()
	}
	manager := ami.New(ami.Config{PBX: a.engine, CLI: cli, Store: a.store, Events: a.events, Log: log, System: p.snapshot.Asterisk.SystemName})
	defer manager.Close()
	configure := func() {
		if err := manager.Configure(a.engine.Config().Manager); err != nil {
			log.Error().Err(err).Msg("manager.conf: not listening")
		}
	}
	configure()
	defer event.On(a.events, "manager.conf", func(event.ConfigReloaded) { configure() })()
	l := life{engine: a.engine, router: router, log: log, signals: signals, stops: stops, grace: o.grace}
	return l.wait(ctx), nil
}

func cdrOptions(c config.CDR, log zerolog.Logger) cdr.Options {
	return cdr.Options{Enable: c.Enable && c.CSV.Present, Unanswered: c.Unanswered, Congestion: c.Congestion, InitiatedSeconds: c.InitiatedSeconds,
		UseGMTime: c.CSV.UseGMTime, LogUniqueID: c.CSV.LogUniqueID, LogUserField: c.CSV.LogUserField, AccountLogs: c.CSV.AccountLogs,
		NewCDRColumns: c.CSV.NewCDRColumns, Log: log}
}

func settings(p places) []manage.Setting {
	const section = "Directories"
	return []manage.Setting{
		{Section: section, Name: "Configuration file", Value: p.conf}, {Section: section, Name: "Configuration directory", Value: p.dirs.Etc},
		{Section: section, Name: "Spool directory", Value: p.dirs.Spool}, {Section: section, Name: "Log directory", Value: p.dirs.Log},
		{Section: section, Name: "Run/Sockets directory", Value: p.dirs.Run}, {Section: section, Name: "VarLib directory", Value: p.dirs.VarLib},
		{Section: section, Name: "Data directory", Value: p.dirs.Data}, {Section: section, Name: "ASTDB", Value: filepath.Join(p.dirs.DB, "astdb.sqlite3")},
	}
}
