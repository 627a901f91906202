package scripting

import (
	"fmt"
	"time"

	"asterism/engine/channel"
	"asterism/engine/media"
	"asterism/engine/tone"

	lua "github.com/yuin/gopher-lua"
)

// The levels chan:play_tone takes, dBm0: 3 is what G.711 can carry.
const minLevel, maxLevel = -60, 3

// playTone is chan:play_tone(name or list [, dBm0]): it sounds until something else does, while the script goes on. true, or nil and why
// it cannot be played.
func playTone(c *call, l *lua.LState, ch *channel.Channel) int {
	name, amplitude := l.CheckString(2), tone.Amplitude
	if level, ok := l.Get(3).(lua.LNumber); ok {
		if level < minLevel || level > maxLevel {
			l.ArgError(3, fmt.Sprintf("want %d to %d dBm0", minLevel, maxLevel))
		}
		amplitude = tone.AtDBm0(float64(level))
	}
	return c.outcome(l, ch, ch.PlayTone(name, amplitude))
}

// outcome pushes true, or nil and the error; it raises if ch, whose primitive that was, is gone.
func (c *call) outcome(l *lua.LState, ch *channel.Channel, err error) int {
	if err == nil {
		l.Push(lua.LTrue)
		return 1
	}
	if ch.HungUp() || ch.Interrupted() != nil {
		c.raise(l, err)
	}
	l.Push(lua.LNil)
	return 1 + pushString(l, err.Error())
}

// toneZone is chan:tone_zone(), the country whose tones are heard, and chan:tone_zone(country), which raises for one there is not.
func toneZone(_ *call, l *lua.LState, ch *channel.Channel) int {
	if l.GetTop() < 2 {
		return pushString(l, ch.ToneZone())
	}
	if err := ch.SetToneZone(l.CheckString(2)); err != nil {
		l.RaiseError("%s", err.Error())
	}
	return 0
}

// jitterBuffer is chan:jitter_buffer{fixed=, max_ms=, resync_ms=, extra_ms=}, and without an argument takes it out.
func jitterBuffer(c *call, l *lua.LState, ch *channel.Channel) int {
	how := l.OptTable(2, nil)
	if how == nil {
		return c.outcome(l, ch, ch.SetJitterBuffer(nil))
	}
	b := media.AdaptiveJitterBuffer
	if lua.LVAsBool(how.RawGetString("fixed")) {
		b = media.FixedJitterBuffer
	}
	for name, d := range map[string]*time.Duration{"max_ms": &b.Max, "resync_ms": &b.Resync, "extra_ms": &b.Extra} {
		if v, ok := how.RawGetString(name).(lua.LNumber); ok {
			*d = min(max(toDuration(float64(v)), -1), maxJitterBuffer)
		}
	}
	b.Max, b.Extra = max(b.Max, 0), max(b.Extra, 0)
	return c.outcome(l, ch, ch.SetJitterBuffer(&b))
}

// volume is chan:volume([{heard=, said=, keys=}]): the same table, with what is in force; or nil and why not.
func volume(c *call, l *lua.LState, ch *channel.Channel) int {
	v := ch.Volume()
	if how := l.OptTable(2, nil); how != nil {
		for name, level := range map[string]*float64{"heard": &v.Heard, "said": &v.Said} {
			if n, ok := how.RawGetString(name).(lua.LNumber); ok {
				*level = min(max(float64(n), -maxVolume), maxVolume)
			}
		}
		if keys := how.RawGetString("keys"); keys != lua.LNil {
			v.Keys = lua.LVAsBool(keys)
		}
		if err := ch.SetVolume(v); err != nil {
			return c.outcome(l, ch, err)
		}
	}
	t := l.CreateTable(0, 3)
	t.RawSetString("heard", lua.LNumber(v.Heard))
	t.RawSetString("said", lua.LNumber(v.Said))
	t.RawSetString("keys", lua.LBool(v.Keys))
	l.Push(t)
	return 1
}

// maxVolume is silence one way and nothing but clipping the other.
const maxVolume = 1000

// maxJitterBuffer is more than the packets a buffer has room for.
const maxJitterBuffer = 10 * time.Second

// sendDigits is chan:send_digits(keys [, gap_ms [, ms [, channel]]]): with the name of another live channel they go to its party, while
// chan waits. true, or nil and why not.
func sendDigits(c *call, l *lua.LState, ch *channel.Channel) int {
	digits, gap, dur := l.CheckString(2), milliseconds(l, 3, 250*time.Millisecond), milliseconds(l, 4, 100*time.Millisecond)
	to := ch
	if name := l.OptString(5, ""); name != "" {
		var ok bool
		if to, ok = ch.Other(name); !ok {
			l.Push(lua.LNil)
			return 1 + pushString(l, fmt.Sprintf("no channel is called %s", printable(name)))
		}
	}
	err := c.pausing(func() error { return to.SendDigits(digits, gap, dur) })
	if err == nil && to != ch {
		err = ch.Wait(0) // it may have left meanwhile
	}
	return c.outcome(l, ch, err)
}
