package luatest

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
	"asterism/engine/sound"

	lua "github.com/yuin/gopher-lua"
)

// methods makes a Lua table of functions; the first argument of each is the table itself.
func methods(l *lua.LState, functions map[string]lua.LGFunction) *lua.LTable {
	t := l.NewTable()
	for name, f := range functions {
		t.RawSetString(name, l.NewFunction(f))
	}
	return t
}

// table is `t` of a test.
func (w *world) table(l *lua.LState) *lua.LTable {
	return methods(l, map[string]lua.LGFunction{
		"equal": func(l *lua.LState) int {
			if got, want := l.Get(2), l.Get(3); got != want {
				w.t.Errorf("%s got %s, want %s", l.Where(1), show(got), show(want))
			}
			return 0
		},
		"ok": func(l *lua.LState) int {
			if lua.LVIsFalse(l.Get(2)) {
				w.t.Errorf("%s got %s, want a true value", l.Where(1), show(l.Get(2)))
			}
			return 0
		},
		"command": w.command,
		"wait":    w.wait,
		"contains": func(l *lua.LState) int {
			if text, part := l.CheckString(2), l.CheckString(3); !strings.Contains(text, part) {
				w.t.Errorf("%s %q is not in:\n%s", l.Where(1), part, text)
			}
			return 0
		},
		"config": func(l *lua.LState) int {
			if w.confs == nil {
				w.confs = map[string]string{}
			}
			w.confs[l.CheckString(2)], w.gen = l.CheckString(3), nil
			return 0
		},
		"guest":    func(l *lua.LState) int { return w.guest(l) },
		"dialplan": func(l *lua.LState) int { w.text = l.CheckString(2) + "\n"; return 0 },
		"conf":     func(l *lua.LState) int { w.conf = l.CheckString(2) + "\n"; return 0 },
		"sound": func(l *lua.LState) int {
			d := time.Duration(-1)
			if ms, ok := l.Get(3).(lua.LNumber); ok {
				d = duration(float64(ms))
			}
			w.prompts.lengths[l.CheckString(2)] = d
			return 0
		},
		"device": func(l *lua.LState) int { w.devices.states[l.CheckString(2)] = l.CheckString(3); return 0 },
		"talks":  func(l *lua.LState) int { w.talks = duration(float64(l.CheckNumber(2))); return 0 },
		"recorded": func(l *lua.LState) int {
			w.core.WaitMonitors()
			lib := sound.New(sound.Config{Roots: []fs.FS{w.archive[0].Root.FS()}})
			clip, err := lib.Open(l.CheckString(2), "")
			if err != nil {
				l.Push(lua.LNil)
				return 1
			}
			l.Push(lua.LNumber(clip.Duration().Milliseconds()))
			return 1
		},
		"file":  func(l *lua.LState) int { return w.file(l) },
		"files": func(l *lua.LState) int { return w.files(l) },
		"path":  func(l *lua.LState) int { l.Push(lua.LString(w.archive[0].Root.Name())); return 1 },
		"peer":  func(l *lua.LState) int { l.Push(w.peer(l)); return 1 },
		"phone": func(l *lua.LState) int { w.addPhone(l.CheckString(2), l.CheckTable(3)); return 0 },
		"channel": func(l *lua.LState) int {
			l.Push(w.newParty(l, l.OptTable(2, l.NewTable())).table(l))
			return 1
		},
		"lua": func(l *lua.LState) int {
			w.text = "local function put(v) channel.SEEN = v == nil and \"nil\" or v end\nextensions = { start = { s = function() " + l.CheckString(2) + " end } }\n"
			p := w.newParty(l, l.OptTable(3, l.NewTable()))
			p.start(l, dialplan.Place{Context: "start", Exten: "s", Priority: 1})
			l.Push(p.table(l))
			return 1
		},
		"value": func(l *lua.LState) int {
			w.text = "extensions = { start = { s = function() local v = " + l.CheckString(2) + " channel.SEEN = v == nil and \"nil\" or v end } }\n"
			p := w.newParty(l, l.OptTable(3, l.NewTable()))
			p.start(l, dialplan.Place{Context: "start", Exten: "s", Priority: 1})
			seen, _ := p.ch.Get("SEEN")
			l.Push(lua.LString(seen))
			return 1
		},
		"call": func(l *lua.LState) int {
			p := w.newParty(l, l.NewTable())
			p.application(l, 2)
			l.Push(p.table(l))
			return 1
		},
	})
}

func show(v lua.LValue) string {
	if s, ok := v.(lua.LString); ok {
		return fmt.Sprintf("%q", string(s))
	}
	return v.String()
}

func number(t *lua.LTable, name string, missing float64) float64 {
	if v, ok := t.RawGetString(name).(lua.LNumber); ok {
		return float64(v)
	}
	return missing
}

func (w *world) addPhone(target string, t *lua.LTable) {
	name, _, _ := strings.Cut(target, "/")
	w.tech(name)
	p := &phone{target: target, ring: number(t, "ring_ms", -1), progress: number(t, "progress_ms", -1), answer: number(t, "answer_ms", -1),
		hangup: number(t, "hangup_ms", -1), end: number(t, "end_ms", -1), cause: channel.Cause(number(t, "cause", 0)), forward: lua.LVAsString(t.RawGetString("forward"))}
	if (p.cause != 0 || p.forward != "") && p.end < 0 {
		p.end = 0
	}
	if p.forward != "" && p.cause == 0 {
		p.cause = channel.RedirectedToNew
	}
	if keys, ok := t.RawGetString("keys").(*lua.LTable); ok {
		keys.ForEach(func(at, digits lua.LValue) {
			p.presses = append(p.presses, press{duration(float64(lua.LVAsNumber(at))), lua.LVAsString(digits)})
		})
	}
	w.phones[target] = p
}

// peer is phone NAME's last call as tests see it; nil before it was called.
func (w *world) peer(l *lua.LState) lua.LValue {
	p := w.phones[l.CheckString(2)]
	if p == nil || len(p.calls) == 0 {
		return lua.LNil
	}
	leg := p.calls[len(p.calls)-1]
	text := func(get func() string) lua.LGFunction {
		return func(l *lua.LState) int { l.Push(lua.LString(get())); return 1 }
	}
	return methods(l, map[string]lua.LGFunction{
		"sent": text(func() string {
			leg.sound.mu.Lock()
			defer leg.sound.mu.Unlock()
			return leg.sound.sent
		}),
		"get": func(l *lua.LState) int {
			if v, ok := leg.ch.Get(l.CheckString(2)); ok {
				l.Push(lua.LString(v))
			} else {
				l.Push(lua.LNil)
			}
			return 1
		},
		"headers": text(func() string {
			var out []string
			for _, h := range leg.headers.added {
				out = append(out, h[0]+": "+h[1])
			}
			return strings.Join(out, "; ")
		}),
		"shown":      text(func() string { return leg.shown.String() }),
		"callerid":   text(func() string { return leg.ch.CallerID().String() }),
		"redirected": text(func() string { return leg.shown.RDNIS + " " + leg.shown.Reason }),
	})
}

func (w *world) newParty(_ *lua.LState, t *lua.LTable) *party {
	text := func(name, missing string) string {
		if v, ok := t.RawGetString(name).(lua.LString); ok {
			return string(v)
		}
		return missing
	}
	cfg := channel.Config{CallerID: channel.CallerID{Name: text("callerid_name", "Alice"), Number: text("callerid_number", "100")},
		DNID: text("dnid", "600"), Language: text("language", "")}
	if lua.LVAsBool(t.RawGetString("up")) {
		cfg.State = channel.Up
	}
	if t.RawGetString("transfer") == lua.LFalse {
		cfg.Tech = "Plain"
	}
	p := w.party(cfg, t.RawGetString("media") != lua.LFalse)
	p.leg.report = int(number(t, "transfer", 200))
	p.leg.headers.came = map[string]string{}
	if came, ok := t.RawGetString("headers").(*lua.LTable); ok {
		came.ForEach(func(name, value lua.LValue) {
			p.leg.headers.came[strings.ToLower(lua.LVAsString(name))] = lua.LVAsString(value)
		})
	}
	return p
}

// application runs an application with the arguments from index first on, joined as pbx_lua joins them.
func (p *party) application(l *lua.LState, first int) {
	var args []string
	for i := first + 1; i <= l.GetTop(); i++ {
		if v := l.Get(i); v == lua.LNil {
			args = append(args, "")
		} else {
			args = append(args, v.String())
		}
	}
	p.ch.Set("LUATEST_APP", l.CheckString(first))
	p.ch.Set("LUATEST_DATA", strings.Join(args, ","))
	p.start(l, dialplan.Place{Context: "luatest", Exten: "run", Priority: 1})
}

func (p *party) start(l *lua.LState, place dialplan.Place) {
	if err := p.run(place); err != nil {
		p.w.t.Errorf("%s %v", l.Where(1), err)
	}
}

// table is `c` of a test.
func (p *party) table(l *lua.LState) *lua.LTable {
	list := func(get func() []string) lua.LGFunction {
		return func(l *lua.LState) int { l.Push(lua.LString(strings.Join(get(), " "))); return 1 }
	}
	return methods(l, map[string]lua.LGFunction{
		"press": func(l *lua.LState) int {
			p.presses = append(p.presses, press{duration(float64(l.CheckNumber(2))), l.CheckString(3)})
			return 0
		},
		"hang_up": func(l *lua.LState) int { p.leaves = duration(float64(l.CheckNumber(2))); return 0 },
		"set":     func(l *lua.LState) int { p.ch.Set(l.CheckString(2), l.CheckString(3)); return 0 },
		"fails":   func(*lua.LState) int { p.fails = true; return 0 },
		"run":     func(l *lua.LState) int { p.application(l, 2); return 0 },
		"enter": func(l *lua.LState) int {
			p.start(l, dialplan.Place{Context: l.CheckString(2), Exten: l.CheckString(3), Priority: 1})
			return 0
		},
		"get": func(l *lua.LState) int {
			if v, ok := p.ch.Get(l.CheckString(2)); ok {
				l.Push(lua.LString(v))
			} else {
				l.Push(lua.LNil)
			}
			return 1
		},
		"played": list(func() []string { return p.w.prompts.played }),
		"indications": list(func() []string {
			p.leg.mu.Lock()
			defer p.leg.mu.Unlock()
			return p.leg.indications
		}),
		"records": list(func() []string { return p.w.records.did }),
		"transferred": list(func() []string {
			p.leg.mu.Lock()
			defer p.leg.mu.Unlock()
			return []string{p.leg.transferred}
		}),
		"released": list(func() []string {
			p.w.mu.Lock()
			defer p.w.mu.Unlock()
			return p.w.rel
		}),
		"tones": list(func() []string {
			p.leg.sound.mu.Lock()
			defer p.leg.sound.mu.Unlock()
			return p.leg.sound.tones
		}),
		"name":          func(l *lua.LState) int { l.Push(lua.LString(p.ch.Name())); return 1 },
		"jitter_buffer": list(func() []string { return []string{p.leg.sound.buffer} }),
		"sent":          list(func() []string { return []string{p.leg.sound.sent} }),
		"returned": func(l *lua.LState) int {
			_, ok := p.ch.Get("LUATEST_RETURNED")
			l.Push(lua.LBool(ok))
			return 1
		},
		"answered":   func(l *lua.LState) int { l.Push(lua.LBool(!p.ch.Answered().IsZero())); return 1 },
		"cause":      func(l *lua.LState) int { l.Push(lua.LNumber(p.ch.HangupCause())); return 1 },
		"elapsed_ms": func(l *lua.LState) int { l.Push(lua.LNumber(p.took.Milliseconds())); return 1 },
		"place": func(l *lua.LState) int {
			at := p.ch.Place()
			l.Push(lua.LString(fmt.Sprintf("%s,%s,%d", at.Context, at.Exten, at.Priority)))
			return 1
		},
		"log": func(l *lua.LState) int {
			p.w.mu.Lock()
			defer p.w.mu.Unlock()
			l.Push(lua.LString(strings.ReplaceAll(p.w.log.String(), `\"`, `"`)))
			return 1
		},
	})
}
