package scripting

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
)

// exchange is who calls out for scripts: it notes what it was asked, and answers after a second.
type exchange struct {
	mu    sync.Mutex
	asked []channel.Origination
	moved []string
	ch    *channel.Channel
}

func (x *exchange) Originate(ctx context.Context, o channel.Origination) (channel.Originated, error) {
	x.mu.Lock()
	x.asked = append(x.asked, o)
	x.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return channel.Originated{}, context.Cause(ctx)
	}
	if strings.HasSuffix(o.Channel, "busy") {
		return channel.Originated{Reason: channel.ReasonBusy}, errors.New("not answered: busy")
	}
	return channel.Originated{Channel: o.Channel + "-1", UniqueID: "1.1", Reason: channel.ReasonAnswered}, nil
}

func (x *exchange) Redirect(name string, to dialplan.Named) error {
	if name != x.ch.Name() {
		return errors.New("no channel " + name)
	}
	x.moved = append(x.moved, to.Context+","+to.Exten+","+to.Priority)
	return nil
}

func (x *exchange) Channels() []channel.Info                        { return []channel.Info{x.ch.Info()} }
func (x *exchange) RunApplication(*channel.Channel, string, string) {}
func (x *exchange) Channel(name string) (*channel.Channel, bool)    { return x.ch, name == x.ch.Name() }

// wakeUp calls out from everywhere a plugin can.
const wakeUp = `
local pbx = require "pbx"
local told = {}
local function text(r) return table.concat({ tostring(r.answered), r.status, r.channel or "-", r.uniqueid or "-", r.why or "-", r.tag and r.tag.room or "-" }, " ") end
return {
  tasks = {
    rang = function(result) told[#told + 1] = text(result) end,
    call = function(who) told[#told + 1] = text(pbx.originate { channel = who, context = "default", exten = "wake", wait = true }) end,
  },
  commands = {
    ["wake now"] = function(out, who) out(tostring(pbx.originate { channel = who, exten = "wake", done = "rang", tag = { room = 7 } })) end,
    ["wake task"] = function(out, who) pbx.spawn("call", who) end,
    ["wake told"] = function(out) out(table.concat(told, ";")) end,
    ["wake move"] = function(out, who, exten)
      local ch = pbx.find_channel(who)
      out(ch and ch:name() or "nobody", pbx.redirect(who, "default", exten))
    end,
  },
}`

func TestOriginate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &exchange{}
		b, _ := serviceBench(t, func(c *Config) { c.Calls = x })
		x.ch = b.channel("default", "s")
		g := b.load(dialplanFile, `extensions = { default = { s = function()
			local pbx = require "pbx"
			local r = pbx.originate { channel = "PJSIP/100", context = "default", exten = "wake", priority = 1, callerid = '"Desk" <0>', timeout_ms = 1500,
				variables = { B = "2", _A = "1" }, account = "night", wait = true }
			channel.GOT = tostring(r.answered) .. " " .. r.status .. " " .. r.channel
			channel.BUSY = pbx.originate { channel = "PJSIP/busy", application = "Wait", data = "3", callerid = { number = "9" }, wait = true }.status
			local wrong = {}
			for i, how in ipairs { { channel = "PJSIP" }, { channel = "PJSIP/1", exten = "none" }, { channel = "PJSIP/1", application = "Dance" }, { channel = "PJSIP/1", exten = "s", timeout_ms = 0 } } do
				wrong[i] = select(2, pbx.originate(how))
			end
			channel.WRONG = table.concat(wrong, "|")
			channel.DONE = select(2, pcall(pbx.originate, { channel = "PJSIP/1", exten = "s", done = "rang" }))
			channel.LATER = tostring(pbx.originate { channel = "PJSIP/later", exten = "s" })
		end, wake = function() end } }`, "plugins/wake.lua", wakeUp)
		g.InForce()
		synctest.Wait()
		if err := g.Run(x.ch); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"GOT": "true ANSWER PJSIP/100-1", "BUSY": "BUSY", "LATER": "true"} {
			if got := get(t, x.ch, name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if got, want := get(t, x.ch, "WRONG"), `channel is "PJSIP"; write Tech/resource|no extension none@default with priority 1|no application Dance|`+
			`timeout_ms is 0; write a number above 0 and up to a day`; got != want {
			t.Errorf("wrong requests: %s", got)
		}
		if got := get(t, x.ch, "DONE"); !strings.Contains(got, "there is no task 'rang'") {
			t.Error(got)
		}
		synctest.Wait()
		want := channel.Origination{Channel: "PJSIP/100", Place: dialplan.Named{Context: "default", Exten: "wake", Priority: "1"}, Account: "night",
			CallerID: channel.CallerID{Name: "Desk", Number: "0"}, Timeout: 1500 * time.Millisecond, Variables: [][2]string{{"B", "2"}, {"_A", "1"}}}
		if got := x.asked[0]; got.Channel != want.Channel || got.Place != want.Place || got.Account != want.Account || got.CallerID != want.CallerID ||
			got.Timeout != want.Timeout || len(got.Variables) != 2 || got.Variables[0] != want.Variables[0] || got.Variables[1] != want.Variables[1] {
			t.Errorf("asked for %+v, want %+v", got, want)
		}
		if got := x.asked[1]; got.Application != "Wait" || got.Data != "3" || got.CallerID.Number != "9" || got.Timeout != 30*time.Second {
			t.Errorf("asked for %+v", got)
		}

		if got := b.command(g, "wake now PJSIP/busy"); got != "true\n" {
			t.Errorf("wake now: %q", got)
		}
		b.command(g, "wake now PJSIP/200")
		b.command(g, "wake task PJSIP/300")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		told := b.command(g, "wake told")
		for _, want := range []string{"false BUSY - - not answered: busy 7", "true ANSWER PJSIP/200-1 1.1 - 7", "true ANSWER PJSIP/300-1 1.1 - -"} {
			if !strings.Contains(told, want) {
				t.Errorf("%q is not in %q", want, told)
			}
		}
		if got := b.command(g, "wake move "+x.ch.Name()+" there"); got != x.ch.Name()+"\ttrue\n" || len(x.moved) != 1 || x.moved[0] != "default,there,1" {
			t.Errorf("wake move: %q, %v", got, x.moved)
		}
		if got := b.command(g, "wake move PJSIP/none there"); got != "nobody\tnil\tno channel PJSIP/none\n" {
			t.Errorf("wake move: %q", got)
		}
	})
}

func TestOriginateWithoutAnEngine(t *testing.T) {
	b := newBench(t, nil)
	ch, err := b.script(`local pbx = require "pbx"
		channel.A = select(2, pbx.originate { channel = "PJSIP/1" })
		channel.B = select(2, pbx.redirect("PJSIP/1-1", "default", "s"))`)
	if err != nil || get(t, ch, "A") != "no calls can be begun here" || get(t, ch, "B") != "no calls can be begun here" {
		t.Errorf("%v %s %s", err, get(t, ch, "A"), get(t, ch, "B"))
	}
}

func TestOriginateEndsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &exchange{}
		b, _ := serviceBench(t, func(c *Config) { c.Calls = x })
		g := b.load(dialplanFile, `extensions = { default = { s = function() require("pbx").originate { channel = "PJSIP/1", exten = "s", wait = true } channel.AFTER = "yes" end } }`)
		ch := b.channel("default", "s")
		time.AfterFunc(100*time.Millisecond, func() { ch.Hangup(channel.NormalClearing) })
		began := time.Now()
		if err := g.Run(ch); err != nil || time.Since(began) != 100*time.Millisecond || get(t, ch, "AFTER") != "(unset)" {
			t.Errorf("%v after %v, %s", err, time.Since(began), get(t, ch, "AFTER"))
		}
	})
}
