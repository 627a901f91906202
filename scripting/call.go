package scripting

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"asterism/engine/channel"

	"github.com/rs/zerolog"
	lua "github.com/yuin/gopher-lua"
)

// stateOptions are the tuned sizes of a state: small to begin with, bounded when they grow.
func stateOptions() lua.Options {
	return lua.Options{SkipOpenLibs: true, RegistrySize: 256, RegistryMaxSize: 1 << 15, RegistryGrowStep: 1024,
		CallStackSize: 200, MinimizeStackMemory: true}
}

// call is one channel's script: the state, and what its primitives need. One goroutine owns it.
type call struct {
	gen  *Generation
	ch   *channel.Channel // nil in the scratch state of Load
	log  *zerolog.Logger
	l    *lua.LState
	ctx  context.Context // of the interpreter: the kill switch
	dog  watchdog
	kill context.CancelCauseFunc

	guard    guard // ctx as the interpreter has it
	metas    *metas
	dialplan bool        // app and channel are there
	loaded   *lua.LTable // package.loaded
	plugins  map[string]*pluginState
	base     *lua.LTable            // what the site has opened to plugins
	lent     map[string]*lua.LTable // the libraries' tables that all plugins of this call see
	handle   *lua.LUserData         // ch as plugins see it

	abortMeta *lua.LTable
	trace     struct {
		of   lua.LValue
		text string
	}

	peers          []*channel.Channel         // dialled, answered, and still ours to hang up
	callees        map[*channel.Channel]*call // of those, what runs their subroutines
	moved          bool                       // a Goto happened, even if to the same place
	autoserviceOff bool
	inLua          bool       // the priority that runs is a Lua function
	dead           bool       // the hang-up is over: `h` and the handlers run
	frames         []frame    // the Gosub stack
	returning      bool       // Return has just left a frame that somebody on the Go stack waits for
	handlers       []string   // hang-up handlers, the last one pushed last
	playings       []*playing // sounds that were started
	playMeta       *lua.LTable
	ears           []*ear // what listens to events
	earMeta        *lua.LTable
	pages          []func()                                  // end the pages that ring
	spies          map[*channel.Channel]*channel.Spy         // what this script's channels spy upon
	conferences    map[*channel.Channel]*channel.Participant // what this script's channels are in
	exception      exception
	timeouts       timeouts
	noted          map[string]bool // what was already logged once in this call
	trail          []string        // the last steps of its way, for failures
	trailCut       bool
	logged         struct { // of log_lines
		since time.Time
		lines int
	}
	fullIo *lua.LTable // the interpreter's io, behind the guarded one
}

// timeouts are TIMEOUT(digit) and TIMEOUT(response); absolute interrupts the call.
type timeouts struct {
	digit, response time.Duration
	absolute        time.Time
	stopAbsolute    func()
}

// newCall makes a state with the sandbox and runs extensions.lua in it. ch is nil for a scratch state.
func (g *Generation) newCall(ch *channel.Channel, log *zerolog.Logger) (*call, error) {
	c := g.newState(ch, log)
	if g.main == nil {
		return c, nil
	}
	c.l.Push(c.l.NewFunctionFromProto(g.main.proto))
	if err := c.l.PCall(0, 0, nil); err != nil {
		err = c.failure(err)
		c.close()
		return nil, err
	}
	if ch != nil { // Asterisk installs these after the chunk, so that they are not there at file scope
		c.installDialplan()
	}
	return c, nil
}

// newState makes a state with the sandbox only.
func (g *Generation) newState(ch *channel.Channel, log *zerolog.Logger) *call {
	c := &call{gen: g, ch: ch, log: log, l: lua.NewState(stateOptions()), timeouts: timeouts{digit: 5 * time.Second, response: 10 * time.Second}}
	c.ctx, c.kill = context.WithCancelCause(context.Background())
	c.dog.budget, c.dog.grace, c.dog.kill = g.host.cfg.Budget, g.host.cfg.Grace, c.kill
	var hungUp context.Context
	if ch != nil {
		hungUp = ch.Context()
	}
	c.guard = guard{c.ctx, c.ctx.Done(), c}
	c.l.SetContext(&c.guard)
	c.installGlobals()
	c.installTrace()
	c.dog.start(hungUp)
	return c
}

// close frees the state and hangs up what it still owns.
func (c *call) close() {
	c.dropPeers(0)
	c.dropPlayings(0)
	c.dropEars()
	if c.timeouts.stopAbsolute != nil {
		c.timeouts.stopAbsolute()
	}
	c.dog.stop()
	c.kill(nil)
	c.l.Close()
}

// dropPeers hangs up the dialled channels beyond the first keep: those an application left behind.
func (c *call) dropPeers(keep int) {
	for _, p := range c.peers[min(keep, len(c.peers)):] {
		c.release(p)
	}
	c.peers = c.peers[:min(keep, len(c.peers))]
}

// once tells whether what was not yet noted in this call.
func (c *call) once(what string) bool {
	if c.noted[what] {
		return false
	}
	if c.noted == nil {
		c.noted = map[string]bool{}
	}
	c.noted[what] = true
	return true
}

// ScriptError is a Lua error that ended a script. Message begins with file:line where Lua knows it.
type ScriptError struct {
	Message, Traceback string
	Killed             error // why the kill switch ended it, or nil
}

func (e *ScriptError) Error() string { return e.Message }

// Unwrap is why the kill switch acted.
func (e *ScriptError) Unwrap() error { return e.Killed }

// failure makes a ScriptError of what a protected call returned.
func (c *call) failure(err error) error {
	var e *lua.ApiError
	if !errors.As(err, &e) {
		return &ScriptError{Message: err.Error()}
	}
	out := &ScriptError{Message: e.Object.String(), Traceback: c.named(c.traceOf(e))}
	if e.Object.Type() != lua.LTString {
		out.Message = c.errorText(e.Object)
	}
	out.Message = strings.Replace(out.Message, "lua callstack overflow", "stack overflow", 1) // the state's own panic, which knows no place
	if !placeInMessage.MatchString(out.Message) {
		if at := innermost(out.Traceback, func(string) bool { return true }); at != "" {
			out.Message = at + ": " + out.Message
		}
	}
	place, line := c.gen.lineOf(out.Message)
	out.Message = place + wording(out.Message[len(place):], line)
	if cause := context.Cause(c.ctx); cause != nil {
		out.Killed = cause
		where, _, _ := strings.Cut(out.Message, " ")
		where = strings.TrimSuffix(where, ":")
		out.Message = where + ": " + cause.Error()
		if at := innermost(out.Traceback, func(at string) bool { return !strings.HasPrefix(at, "plugins/") }); at != "" && at != where {
			out.Message = at + ": " + cause.Error() + ", within " + where
		}
	}
	return out
}

// errorText is what was raised, in words: a table that has none of its own is told as JSON.
func (c *call) errorText(v lua.LValue) string {
	if t, ok := v.(*lua.LTable); ok && t.Metatable == lua.LNil {
		if data, err := toPlain(t); err == nil {
			if text, err := json.Marshal(data); err == nil {
				return "an error was raised: " + string(text)
			}
		}
	}
	return c.l.ToStringMeta(v).String()
}

// named is a traceback without the interpreter's own last frame, and with the extension where it speaks of the main chunk: what Go called first.
func (c *call) named(trace string) string {
	trace = strings.ReplaceAll(strings.TrimSuffix(trace, "\n\t[G]: ?"), "\n\t[G]: in function (anonymous)", "")
	if c.ch == nil || !c.inLua {
		return trace
	}
	p := c.ch.Place()
	if i := strings.LastIndex(trace, "in main chunk"); i >= 0 {
		trace = trace[:i] + "in extension " + printable(p.Exten) + " of context " + printable(p.Context) + trace[i+len("in main chunk"):]
	}
	return trace
}

// innermost is the first file:line of a traceback that is wanted, or "".
func innermost(traceback string, wanted func(string) bool) string {
	for line := range strings.Lines(traceback) {
		if m := placeInMessage.FindStringSubmatch(strings.TrimSpace(line)); m != nil && m[2] != "" && wanted(m[1]) {
			return m[1] + ":" + m[2]
		}
	}
	return ""
}
