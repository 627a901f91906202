package scripting

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/dialplan"
	"asterism/engine/dialplan/extconf"
)

// both loads extensions.conf and, if it is not empty, extensions.lua.
func (b *bench) both(conf, luaText string) *Generation {
	b.t.Helper()
	pairs := []string{extconf.FileName, conf}
	if luaText != "" {
		pairs = append(pairs, dialplanFile, luaText)
	}
	g := b.load(pairs...)
	g.InForce()
	return g
}

// TestConfRunLoop: what Asterisk's run loop does with several priorities; OUT is what is left at the end.
func TestConfRunLoop(t *testing.T) {
	tests := []struct{ name, conf, lua, want string }{
		{"one after the other", "exten => s,1,Set(OUT=1)\nsame => n,Set(OUT=${OUT}2)\nsame => n+1,Set(OUT=no)", "", "12"},
		{"built-ins", "exten => s,1,Set(OUT=${EXTEN}${CONTEXT}${PRIORITY}${CALLERID(num)})", "", "sdefault1100"},
		{"a number that is not there goes to i", "exten => s,1,Goto(77,1)\nexten => i,1,Set(OUT=${INVALID_EXTEN})", "", "77"},
		{"without i to e", "exten => s,1,Goto(77,1)\nexten => e,1,Set(OUT=${EXCEPTION(reason)} ${EXCEPTION(exten)})", "", "INVALID 77"},
		{"a priority that is missing falls through", "exten => s,1,Set(OUT=1)\nsame => n,Goto(s,9)\nexten => i,1,Set(OUT=i)\nexten => h,1,Set(OUT=${OUT}h)", "", "1h"},
		{"h runs all its lines", "exten => s,1,Hangup()\nexten => h,1,Set(OUT=1)\nsame => n,Goto(h,there)\nsame => n,Set(OUT=no)\nsame => n(there),Set(OUT=${OUT}2)", "", "12"},
		{"While in h", "exten => s,1,Hangup()\nexten => h,1,Set(I=0)\nsame => n,While($[${I} < 150])\nsame => n,Set(I=$[${I} + 1])\nsame => n,EndWhile()\nsame => n,Set(OUT=${I})", "", "150"},
		{"Gosub in h", "exten => s,1,Hangup()\nexten => h,1,Gosub(sub,1(x))\nsame => n,Set(OUT=${OUT}.)\nexten => sub,1,Set(OUT=${ARG1})\nsame => n,Return()", "", "x."},
		{"an unknown application hangs up", "exten => s,1,Bogus()\nsame => n,Set(OUT=no)\nexten => h,1,Set(OUT=h)", "", "h"},
		{"globals", "exten => s,1,Set(GLOBAL(G)=${G}+)\nsame => n,Set(OUT=${G}${GLOBAL(G)})\n[globals]\nG = 1\n", "", "1+1+"},
		{"caller's number", "exten => s,1,Goto(5,1)\nexten => 5,1,Set(OUT=any)\nexten => 5/_1XX,1,Set(OUT=1xx)\nexten => 5/,1,Set(OUT=none)", "", "1xx"},
		{"extensions.conf beats Lua", "exten => s,1,Set(OUT=conf)", `extensions = { default = { s = function() channel.OUT = "lua" end } }`, "conf"},
		{"Lua beats what extensions.conf includes", "include => more\n[more]\nexten => s,1,Set(OUT=included)", `extensions = { default = { s = function() channel.OUT = "lua" end } }`, "lua"},
		{"what is included last", "include => more\n[more]\nexten => s,1,Set(OUT=included ${CONTEXT})", `extensions = { default = { x = function() end } }`, "included default"},
		{"the second priority of a number that Lua has too", "exten => s,2,Set(OUT=${OUT}conf)", `extensions = { default = { s = function() channel.OUT = "lua " end } }`, "lua conf"},
		{"from conf to Lua by Goto", "exten => s,1,Goto(there,s,1)", `extensions = { there = { s = function(c, e) channel.OUT = c .. e end } }`, "theres"},
		{"an extension of time that is not now", "include => never,*,*,31,feb\ninclude => always,*,*,*,*\n[never]\nexten => s,1,Set(OUT=never)\n[always]\nexten => s,1,Set(OUT=always)", "", "always"},
		{"hang-up handlers in words that mean the place where they were pushed", "exten => s,1,Set(CHANNEL(hangup_handler_push)=five(x))\nsame => n,Set(CHANNEL(hangup_handler_push)=hh,1(y))\n" +
			"same => n,Goto(away,s,1)\nsame => n(five),Set(OUT=${OUT} ${CONTEXT} ${EXTEN} ${ARG1})\nsame => n,Return()\nexten => hh,1,Set(OUT=${EXTEN} ${ARG1})\nsame => n,Return()\n" +
			"[away]\nexten => s,1,Hangup()", "", "hh y default s x"},
		{"hang-up handlers, the last one first", "exten => s,1,Set(CHANNEL(hangup_handler_push)=hh,one,1(a))\nsame => n,Set(CHANNEL(hangup_handler_push)=hh,two,1)\nexten => h,1,Set(OUT=h)\n" +
			"[hh]\nexten => one,1,Set(OUT=${OUT} one${ARG1})\nsame => n,Return()\nexten => two,1,Set(OUT=${OUT} two)\nsame => n,Return()", "", "h two onea"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			ch := b.channel("default", "s")
			if err := b.both("[default]\n"+tt.conf+"\n", tt.lua).Run(ch); err != nil {
				t.Error(err)
			}
			if got := get(t, ch, "OUT"); got != tt.want {
				t.Errorf("got %q, want %q\n%s", got, tt.want, b.log)
			}
		})
	}
}

// TestWaiting: what the caller's silence and keys lead to, and how long it takes.
func TestWaiting(t *testing.T) {
	const menu = "exten => 12,1,Set(OUT=12)\nexten => 123,1,Set(OUT=123)\nsame => n,Hangup()\nexten => i,1,Set(OUT=i${INVALID_EXTEN})\nexten => t,1,Set(OUT=t)\nsame => n,Hangup()\n"
	tests := []struct {
		name, conf, keys, want string
		took                   time.Duration
	}{
		{"the shorter number after TIMEOUT(digit)", "exten => s,1,Set(TIMEOUT(digit)=3)\nsame => n,WaitExten(9)\n" + menu, "12", "12", 3 * time.Second},
		{"the longer one at once", "exten => s,1,WaitExten(9)\n" + menu, "123", "123", 0},
		{"one that is none", "exten => s,1,WaitExten(9)\n" + menu, "7", "i7", 0},
		{"nothing", "exten => s,1,WaitExten(9)\n" + menu, "", "t", 9 * time.Second},
		{"autofallthrough=no waits for keys", "exten => s,1,Set(TIMEOUT(response)=7)\n" + menu + "[general]\nautofallthrough=no\n", "123", "123", 0},
		{"autofallthrough=no and silence", "exten => s,1,Set(TIMEOUT(response)=7)\n" + menu + "[general]\nautofallthrough=no\n", "", "t", 7 * time.Second},
		{"no t: e", "exten => s,1,WaitExten(2)\nexten => e,1,Set(OUT=${EXCEPTION(reason)})\n", "", "RESPONSETIMEOUT", 2 * time.Second},
		{"TIMEOUT(absolute) leads to T", "exten => s,1,Set(TIMEOUT(absolute)=5)\nsame => n,Wait(60)\nsame => n,Set(OUT=no)\nexten => T,1,Wait(1)\nsame => n,Set(OUT=T)\n", "", "T", 6 * time.Second},
		{"without T to e", "exten => s,1,Set(TIMEOUT(absolute)=5)\nsame => n,Wait(60)\nexten => e,1,Set(OUT=${EXCEPTION(reason)})\n", "", "ABSOLUTETIMEOUT", 5 * time.Second},
		{"without either hangs up", "exten => s,1,Set(TIMEOUT(absolute)=5)\nsame => n,Wait(60)\nsame => n,Set(OUT=no)\nexten => h,1,Set(OUT=h)\n", "", "h", 5 * time.Second},
		{"TIMEOUT(absolute) within a subroutine", "exten => s,1,Set(TIMEOUT(absolute)=5)\nsame => n,Gosub(sub,1)\nexten => sub,1,Wait(60)\nexten => T,1,Set(OUT=T)\n", "", "T", 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, nil)
				ch := b.channel("default", "s")
				g := b.both("[default]\n"+tt.conf, "")
				for _, key := range tt.keys {
					ch.Digit(key)
				}
				began := time.Now()
				if err := g.Run(ch); err != nil {
					t.Error(err)
				}
				if got := get(t, ch, "OUT"); got != tt.want {
					t.Errorf("got %q, want %q\n%s", got, tt.want, b.log)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// TestRedirected: another party moves the call, from a line of conf, from Lua, and from within a subroutine; `h` does not run for it.
func TestRedirected(t *testing.T) {
	const there = "[there]\nexten => s,1,Set(OUT=${OUT}there)\n[sub]\nexten => s,1,Wait(60)\nsame => n,Return()\n"
	for name, tt := range map[string][2]string{
		"conf":                   {"exten => s,1,Wait(60)\nexten => h,1,Set(OUT=h)\n", ""},
		"Lua":                    {"exten => h,1,Set(OUT=h)\n", `extensions = { default = { s = function() app.wait(60) end } }`},
		"a subroutine":           {"exten => s,1,Gosub(sub,s,1)\nexten => h,1,Set(OUT=h)\n", ""},
		"a subroutine from Lua":  {"exten => h,1,Set(OUT=h)\n", `extensions = { default = { s = function() app.gosub("sub,s,1"); channel.OUT = "no" end } }`},
		"Lua that goes on alone": {"exten => h,1,Set(OUT=h)\n", `extensions = { default = { s = function() pcall(app.wait, 60) end } }`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, nil)
				ch := b.channel("default", "s")
				g := b.both("[default]\n"+tt[0]+there, tt[1])
				done := make(chan error)
				go func() { done <- g.Run(ch) }()
				time.Sleep(time.Second)
				ch.Redirect(dialplan.Place{Context: "there", Exten: "s", Priority: 1})
				if err := <-done; err != nil {
					t.Error(err)
				}
				if got := get(t, ch, "OUT"); got != "there" {
					t.Errorf("got %q\n%s", got, b.log)
				}
			})
		})
	}
}

func TestConfLoad(t *testing.T) {
	b := newBench(t, nil)
	g, problems := b.host.Load(files(extconf.FileName, "[default]\nexten => s,1,Playbak(${LENN(x)})\n"), nil)
	if g == nil {
		t.Fatal(texts(problems))
	}
	want := `warning extensions.conf:2: context "default": extension "s": no application "Playbak"; a call that comes here is hung up; did you mean "Playback"?` + "\n" +
		`warning extensions.conf:2: context "default": extension "s": no function LENN(); it gives nothing; did you mean "LEN"?`
	if got := texts(problems); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if g, problems := b.host.Load(files(extconf.FileName, "[default]\nexten => s,1,NoOp()\n", dialplanFile, "broken("), nil); g == nil || !strings.Contains(texts(problems), "error extensions.lua") {
		t.Errorf("a broken extensions.lua beside it: %v %s", g, texts(problems))
	}
	b.both("[globals]\nA=1\nB=${A}2\n[default]\n", "")
	b.host.SetGlobal("C", "3")
	b.both("[globals]\nB=new\n[default]\n", "").InForce()
	if got := b.host.Globals(); got["A"] != "1" || got["B"] != "new" || got["C"] != "3" {
		t.Errorf("globals after a reload: %v", got)
	}
	b.both("[general]\nclearglobalvars=yes\n[globals]\nB=only\n[default]\n", "")
	if got := b.host.Globals(); len(got) != 1 || got["B"] != "only" {
		t.Errorf("globals after clearglobalvars: %v", got)
	}
}
