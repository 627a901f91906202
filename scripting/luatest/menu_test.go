package luatest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
	"asterism/plugins"
)

// menuConf and menuLua are one dialplan in both languages, with everything a caller can get lost in.
const menuConf = `
[menu]
exten => s,1,Answer()
 same => n,Set(TIMEOUT(digit)=2)
 same => n,Set(TIMEOUT(response)=4)
 same => n,Set(TIMEOUT(absolute)=120)
 same => n,Set(TRIES=0)
 same => n(again),Background(welcome)
 same => n,WaitExten()
exten => 1,1,Gosub(count,s,1(2))
 same => n,Goto(s,again)
exten => 12,1,Goto(lua,100,1)
exten => _12X,1,Dial(PJSIP/${EXTEN},5)
 same => n,Goto(tries,1)
exten => 2,1,Gosub(lua,sub,1(x))
 same => n,Read(CODE,enter,4,,2,3)
 same => n,GotoIf($["${CODE}" = "1234"]?s,again)
 same => n,Hangup()
exten => *,1,Incomplete()
exten => *11,1,Playback(thanks)
exten => i,1,Goto(tries,1)
exten => t,1,Goto(tries,1)
exten => tries,1,Set(TRIES=$[${TRIES} + 1])
 same => n,GotoIf($[${TRIES} < 4]?s,again)
 same => n,Hangup()
exten => T,1,Playback(too-long)
exten => h,1,Set(H=${H}h)
[count]
exten => s,1,Set(LOCAL(I)=0)
 same => n,While($[${I} < ${ARG1}])
 same => n,Set(LOCAL(I)=$[${I} + 1])
 same => n,Playback(tick)
 same => n,EndWhile()
 same => n,Return(${I})
exten => h,1,Set(H=${H}h)
`

const menuLua = `
extensions = { lua = {
  ["100"] = function()
    app.Gosub("count", "s", "1(1)")
    app.Background("choose")
    app.WaitExten(3)
  end,
  ["_1XX"] = function(c, e) app.Dial("PJSIP/" .. e, 3); app["goto"]("menu", "tries", 1) end,
  ["#"] = function() app["goto"]("menu", "s", 1) end,
  i = function() app["goto"]("menu", "tries", 1) end,
  t = function() app.Hangup() end,
  h = function() channel.H = (channel.H:get() or "") .. "h" end,
  sub = function() app.Wait(0.5); app.Return(channel.ARG1:get()) end,
} }
`

// TestRandomCallers: callers who press anything and leave at any time all come to an end, with one h each, and leave nothing behind.
func TestRandomCallers(t *testing.T) {
	calls := 10_000
	if testing.Short() {
		calls = 500
	}
	const workers = 4
	for worker := range workers {
		t.Run(fmt.Sprint(worker), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, plugins.FS)
				defer w.close()
				w.text, w.conf = menuLua, menuConf
				random := rand.New(rand.NewPCG(7, uint64(worker)))
				for range calls / workers {
					w.randomCaller(random)
					if t.Failed() {
						return
					}
				}
			})
		})
	}
}

func (w *world) randomCaller(random *rand.Rand) {
	p := w.party(channel.Config{CallerID: channel.CallerID{Number: "100"}}, true)
	p.leaves = -1
	if random.IntN(2) == 0 {
		p.leaves = time.Duration(random.IntN(40_000)) * time.Millisecond
	}
	at := time.Duration(0)
	for range random.IntN(12) {
		at += time.Duration(random.IntN(5000)) * time.Millisecond
		p.presses = append(p.presses, press{at, string("0123456789*#"[min(random.IntN(16), 11)])})
	}
	err := p.run(dialplan.Place{Context: "menu", Exten: "s", Priority: 1})
	h, _ := p.ch.Get("H")
	if err != nil || h != "h" || p.took > 5*time.Minute {
		w.mu.Lock()
		log := w.log.String()
		w.mu.Unlock()
		w.t.Errorf("keys %v, leaves %v: %v, h %q, took %v\n%s", p.presses, p.leaves, err, h, p.took, log[max(0, len(log)-4000):])
	}
	w.mu.Lock()
	w.log.Reset()
	w.mu.Unlock()
}
