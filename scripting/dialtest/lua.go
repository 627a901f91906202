package dialtest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/voicemail"

	lua "github.com/yuin/gopher-lua"
)

// script is one test while it runs: what its Lua says, on a World that is made at the first use, so that t:clock may come first.
type script struct {
	setting  Setting
	world    *World
	calls    []*party
	failures []string
}

// party is a call (its caller), or a phone that is called.
type party struct {
	s       *script
	call    int // 0: any
	who     string
	cursor  int // how far expectations have come in the story
	found   Event
	at      int          // index of found
	used    map[int]bool // indices of all that were found
	checked bool         // a script's error was expected
}

func (s *script) stage(l *lua.LState) *World {
	if s.world == nil {
		w, err := NewWorld(s.setting)
		if err != nil {
			l.RaiseError("the configuration cannot be tested:\n%s", err.Error())
		}
		s.world = w
	}
	return s.world
}

func check(l *lua.LState, err error) {
	if err != nil {
		l.RaiseError("%s", err.Error())
	}
}

func (s *script) fail(l *lua.LState, format string, args ...any) {
	s.failures = append(s.failures, strings.TrimSpace(l.Where(1)+" "+fmt.Sprintf(format, args...)))
}

// methods makes a Lua table of functions; the first argument of each is the table itself.
func methods(l *lua.LState, functions map[string]lua.LGFunction) *lua.LTable {
	t := l.NewTable()
	for name, f := range functions {
		t.RawSetString(name, l.NewFunction(f))
	}
	meta := l.NewTable()
	meta.RawSetString("__index", l.NewFunction(func(l *lua.LState) int {
		l.RaiseError("there is no %q here", l.Get(2).String())
		return 0
	}))
	l.SetMetatable(t, meta)
	return t
}

func seconds(n lua.LNumber) time.Duration { return time.Duration(float64(n) * float64(time.Second)) }

func show(v lua.LValue) string {
	if s, ok := v.(lua.LString); ok {
		return fmt.Sprintf("%q", string(s))
	}
	return v.String()
}

// table is `t` of a test.
func (s *script) table(l *lua.LState) *lua.LTable {
	return methods(l, map[string]lua.LGFunction{
		"equal": func(l *lua.LState) int {
			if got, want := l.Get(2), l.Get(3); got != want {
				s.fail(l, "got %s, want %s", show(got), show(want))
			}
			return 0
		},
		"ok": func(l *lua.LState) int {
			if lua.LVIsFalse(l.Get(2)) {
				s.fail(l, "got %s, want a true value", show(l.Get(2)))
			}
			return 0
		},
		"contains": func(l *lua.LState) int {
			if text, part := l.CheckString(2), l.CheckString(3); !strings.Contains(text, part) {
				s.fail(l, "%q is not in %q", part, text)
			}
			return 0
		},
		"clock": func(l *lua.LState) int { s.clock(l, l.CheckString(2)); return 0 },
		"sound": func(l *lua.LState) int {
			d := time.Duration(-1)
			if n, ok := l.Get(3).(lua.LNumber); ok {
				d = seconds(n)
			}
			w := s.stage(l)
			w.sounds.mu.Lock()
			w.sounds.lengths[l.CheckString(2)] = d
			w.sounds.mu.Unlock()
			return 0
		},
		"phone": func(l *lua.LState) int { l.Push(s.phone(l)); return 1 },
		"call":  func(l *lua.LState) int { l.Push(s.call(l)); return 1 },
		"wait": func(l *lua.LState) int {
			w := s.stage(l)
			check(l, w.Jump(w.Time().Add(seconds(l.CheckNumber(2)))))
			return 0
		},
		"expect": func(l *lua.LState) int {
			p, ok := l.CheckTable(2).RawGetString("party").(*lua.LUserData)
			if !ok {
				l.ArgError(2, "a call or a phone expected")
			}
			l.Push(s.expectation(l, p.Value.(*party)))
			return 1
		},
		"device": func(l *lua.LState) int {
			l.Push(lua.LString(s.stage(l).deviceState(l.CheckString(2))))
			return 1
		},
		"set_device": func(l *lua.LState) int {
			check(l, s.stage(l).devices.SetDeviceState(l.CheckString(2), l.CheckString(3)))
			return 0
		},
		"mailbox": func(l *lua.LState) int { l.Push(s.mailbox(l, l.CheckString(2))); return 1 },
		"records": func(l *lua.LState) int { l.Push(s.records(l)); return 1 },
		"story":   func(l *lua.LState) int { l.Push(lua.LString(Timeline(s.stage(l).Events(0)))); return 1 },
	})
}

var clockForms = []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}

// clock sets the time of day: any before the first call, a later one while the test runs.
func (s *script) clock(l *lua.LState, text string) {
	for _, form := range clockForms {
		at, err := time.ParseInLocation(form, text, time.Local)
		if err != nil {
			continue
		}
		if s.world == nil {
			s.setting.Now = at
			return
		}
		check(l, s.world.Jump(at))
		return
	}
	l.RaiseError("t:clock: %q is no time; write %q", text, "2026-11-21 23:10")
}

// phone says what a phone does, and gives it to expect of.
func (s *script) phone(l *lua.LState) *lua.LTable {
	name, o := strings.TrimPrefix(l.CheckString(2), "PJSIP/"), l.OptTable(3, l.NewTable())
	b := Behaviour{AnswerAfter: 2 * time.Second}
	o.ForEach(func(k, v lua.LValue) {
		n, isNumber := v.(lua.LNumber)
		switch k.String() {
		case "answers":
			b.Answer = lua.LVAsBool(v)
			if isNumber {
				b.AnswerAfter = seconds(n)
			}
		case "registered":
			b.Unregistered = !lua.LVAsBool(v)
		case "rings_after":
			b.RingAfter = seconds(n)
		case "busy":
			if lua.LVAsBool(v) {
				b.Cause = int(channel.UserBusy)
			}
		case "declines":
			b.Cause = int(channel.CallRejected)
			if isNumber {
				b.CauseAfter = seconds(n)
			}
		case "refuses":
			cause, err := channel.ParseCause(v.String())
			check(l, err)
			b.Cause = int(cause)
		case "forwards_to":
			b.Forward = v.String()
		case "hangs_up_after":
			b.TalkFor = seconds(n)
		default:
			l.RaiseError("t:phone: no option %q; there are answers, registered, rings_after, busy, declines, refuses, forwards_to, hangs_up_after", k.String())
		}
	})
	check(l, s.stage(l).Phone(name, b))
	return s.party(l, &party{s: s, who: name, used: map[int]bool{}})
}

func (s *script) call(l *lua.LState) *lua.LTable {
	o := l.CheckTable(2)
	text := func(name string) string {
		v := o.RawGetString(name)
		if v == lua.LNil {
			return ""
		}
		return v.String()
	}
	w := s.stage(l)
	p := &party{s: s, who: strings.TrimPrefix(text("from"), "PJSIP/"), cursor: len(w.Events(0)), used: map[int]bool{}}
	id, err := w.Call(Calling{From: p.who, To: text("to"), Name: text("callerid_name"), Number: text("callerid")})
	check(l, err)
	p.call = id
	s.calls = append(s.calls, p)
	return s.party(l, p)
}

// party is the Lua object of a call or a phone.
func (s *script) party(l *lua.LState, p *party) *lua.LTable {
	t := methods(l, map[string]lua.LGFunction{
		"press":   func(l *lua.LState) int { check(l, s.world.Press(p.call, p.who, l.CheckString(2))); return 0 },
		"says":    func(l *lua.LState) int { check(l, s.world.Say(p.call, p.who, seconds(l.CheckNumber(2)))); return 0 },
		"hangup":  func(l *lua.LState) int { check(l, s.world.Hangup(p.call, p.who)); return 0 },
		"answers": func(l *lua.LState) int { check(l, s.world.Answer(p.who)); return 0 },
		"ended":   func(l *lua.LState) int { l.Push(lua.LBool(p.call > 0 && s.world.Over(p.call))); return 1 },
		"variable": func(l *lua.LState) int {
			if v, ok := s.world.Variable(p.call, l.CheckString(2)); ok {
				l.Push(lua.LString(v))
			} else {
				l.Push(lua.LNil)
			}
			return 1
		},
	})
	t.RawSetString("party", &lua.LUserData{Value: p})
	return t
}

// records are the call detail records so far.
// mailbox counts the messages of box or box@context.
func (s *script) mailbox(l *lua.LState, name string) *lua.LTable {
	b := voicemail.Box{Name: name, Context: "default"}
	if box, context, ok := strings.Cut(name, "@"); ok {
		b = voicemail.Box{Name: box, Context: context}
	}
	unheard, urgent, old := s.stage(l).Mailbox(b)
	t := l.NewTable()
	t.RawSetString("new", lua.LNumber(unheard))
	t.RawSetString("urgent", lua.LNumber(urgent))
	t.RawSetString("old", lua.LNumber(old))
	return t
}

func (s *script) records(l *lua.LState) *lua.LTable {
	out := l.NewTable()
	for _, r := range s.stage(l).Records() {
		t := l.NewTable()
		for name, v := range map[string]string{"src": r.Src, "dst": r.Dst, "context": r.DContext, "clid": r.CLID, "channel": r.Channel, "dstchannel": r.DstChannel,
			"lastapp": r.LastApp, "lastdata": r.LastData, "disposition": r.Disposition.String(), "accountcode": r.AccountCode} {
			t.RawSetString(name, lua.LString(v))
		}
		t.RawSetString("duration", lua.LNumber(r.Duration.Seconds()))
		t.RawSetString("billsec", lua.LNumber(r.BillSec.Seconds()))
		out.Append(t)
	}
	return out
}

// finish ends what is up and gathers what went wrong in the dialplan itself.
func (s *script) finish() {
	if s.world == nil {
		return
	}
	if err := s.world.Close(); err != nil {
		s.failures = append(s.failures, err.Error())
	}
	for _, p := range s.calls {
		if err := s.world.Failure(p.call); err != nil && !p.checked {
			s.failures = append(s.failures, "the dialplan failed: "+err.Error()+"\n     t:expect(call):fails() says that it will")
		}
	}
}

var errNoTests = errors.New("no *_test.lua there, or no test(name, function) in it")
