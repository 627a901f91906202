package scripting

import (
	"time"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

var spyModes = map[string]channel.SpyMode{"listen": channel.SpyListens, "whisper": channel.SpyWhispers, "barge": channel.SpyBarges}

func spyMode(l *lua.LState, word string) channel.SpyMode {
	mode, ok := spyModes[word]
	if !ok {
		l.ArgError(2, "mode: want listen, whisper or barge")
	}
	return mode
}

// spy is chan:spy(channel [, {mode=, heard_only=, deaf=, volume=}]): it hears another channel from then on; true, or nil and why not.
func spy(c *call, l *lua.LState, ch *channel.Channel) int {
	calls, how := c.gen.host.cfg.Calls, l.OptTable(3, l.CreateTable(0, 0))
	req := channel.SpyRequest{HeardOnly: lua.LVAsBool(how.RawGetString("heard_only")), Deaf: lua.LVAsBool(how.RawGetString("deaf")),
		Volume: float64(lua.LVAsNumber(how.RawGetString("volume")))}
	if word := lua.LVAsString(how.RawGetString("mode")); word != "" {
		req.Mode = spyMode(l, word)
	}
	if calls == nil {
		l.RaiseError("%s", errNoCalls)
	}
	c.endSpy(ch)
	target, ok := calls.Channel(l.CheckString(2))
	if !ok {
		l.Push(lua.LNil)
		return 1 + pushString(l, "it is gone")
	}
	s, err := ch.StartSpy(target, req)
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	if c.spies == nil {
		c.spies = map[*channel.Channel]*channel.Spy{}
	}
	c.spies[ch] = s
	l.Push(lua.LTrue)
	return 1
}

// spied is the channel's spy, or an error for the script.
func (c *call) spied(l *lua.LState, ch *channel.Channel) *channel.Spy {
	s := c.spies[ch]
	if s == nil {
		l.RaiseError("the channel spies upon nobody")
	}
	return s
}

// spyNext is chan:spy_next([ms]): "digit" and the key, "gone" at the end of the other, or "timeout".
func spyNext(c *call, l *lua.LState, ch *channel.Channel) int {
	s := c.spied(l, ch)
	timeout := milliseconds(l, 2, -time.Millisecond)
	var key rune
	var gone bool
	c.waiting(l, func() (err error) {
		key, gone, err = s.Next(timeout)
		return err
	})
	switch {
	case gone:
		return pushString(l, "gone")
	case key != 0:
		return pushString(l, "digit") + pushDigit(l, key)
	}
	return pushString(l, "timeout")
}

func spySetMode(c *call, l *lua.LState, ch *channel.Channel) int {
	c.spied(l, ch).SetMode(spyMode(l, l.CheckString(2)))
	return 0
}

func spySetVolume(c *call, l *lua.LState, ch *channel.Channel) int {
	c.spied(l, ch).SetVolume(float64(l.CheckNumber(2)))
	return 0
}

func spyEnd(c *call, _ *lua.LState, ch *channel.Channel) int {
	c.endSpy(ch)
	return 0
}

// endSpy ends the channel's spying; nothing happens if there is none.
func (c *call) endSpy(ch *channel.Channel) {
	if s := c.spies[ch]; s != nil {
		delete(c.spies, ch)
		s.End()
	}
}

// endSpies is for the end of an application.
func (c *call) endSpies() {
	for ch := range c.spies {
		c.endSpy(ch)
	}
}

// pbxChannels is pbx.channels(): the channels there are, in the order of their beginning.
func (c *call) pbxChannels(l *lua.LState) int {
	out := l.NewTable()
	if calls := c.gen.host.cfg.Calls; calls != nil {
		for _, i := range calls.Channels() {
			t := l.CreateTable(0, 10)
			for name, v := range map[string]string{"name": i.Name, "uniqueid": i.UniqueID, "endpoint": i.Endpoint, "context": i.Place.Context,
				"exten": i.Place.Exten, "state": i.State.String(), "application": i.Application, "peer": i.Peer, "number": i.CallerID.Number} {
				t.RawSetString(name, lua.LString(v))
			}
			t.RawSetString("created", lua.LNumber(float64(i.Created.UnixMilli())/1000))
			out.Append(t)
		}
	}
	l.Push(out)
	return 1
}
