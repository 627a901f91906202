package scripting

import (
	"errors"
	"fmt"
	"time"

	"asterism/engine/channel"
	"asterism/engine/sound"

	lua "github.com/yuin/gopher-lua"
)

// Conferences: what chan:conference_… and pbx.conference.… do. Who may come in, what he hears and which keys do what is the plugin's.

// conferenceJoin is chan:conference_join(name, {…}): true, or nil and "locked", "full" or why else not.
func conferenceJoin(c *call, l *lua.LState, ch *channel.Channel) int {
	name, how := l.CheckString(2), l.OptTable(3, l.NewTable())
	if c.conferences[ch] != nil {
		l.RaiseError("the channel is in a conference already")
	}
	is := func(field string) bool { return lua.LVAsBool(how.RawGetString(field)) }
	number := func(field string) int { return int(lua.LVAsNumber(how.RawGetString(field))) }
	p, err := ch.JoinConference(name, channel.ConferenceConfig{Rate: number("rate"), MaxMembers: number("max_members")}, channel.ParticipantConfig{
		Admin: is("admin"), Marked: is("marked"), WaitsForMarked: is("wait_marked"), EndsWithMarked: is("end_marked"),
		Muted: is("muted"), Deaf: is("deaf"), Listen: number("listen_db"), Talk: number("talk_db")})
	switch {
	case errors.Is(err, channel.ErrConferenceLocked):
		l.Push(lua.LNil)
		return 1 + pushString(l, "locked")
	case errors.Is(err, channel.ErrConferenceFull):
		l.Push(lua.LNil)
		return 1 + pushString(l, "full")
	case err != nil:
		return c.outcome(l, ch, err)
	}
	if c.conferences == nil {
		c.conferences = map[*channel.Channel]*channel.Participant{}
	}
	c.conferences[ch] = p
	l.Push(lua.LTrue)
	return 1
}

// participant is the channel's place, or an error for the script.
func (c *call) participant(l *lua.LState, ch *channel.Channel) *channel.Participant {
	p := c.conferences[ch]
	if p == nil {
		l.RaiseError("the channel is in no conference")
	}
	return p
}

// conferenceNext is chan:conference_next([ms]): what happens next, and its detail.
func conferenceNext(c *call, l *lua.LState, ch *channel.Channel) int {
	p := c.participant(l, ch)
	timeout := milliseconds(l, 2, -1)
	var ev channel.ConferenceEvent
	c.waiting(l, func() (err error) {
		ev, err = p.Next(timeout)
		return err
	})
	n := pushString(l, ev.Kind)
	switch ev.Kind {
	case "digit":
		return n + pushDigit(l, ev.Digit)
	case "joined", "left":
		l.Push(participantTable(l, ev.Who))
		return n + 1
	case "kicked":
		return n + pushString(l, ev.Reason)
	}
	return n
}

func conferenceLeave(c *call, _ *lua.LState, ch *channel.Channel) int {
	c.leaveConference(ch)
	return 0
}

// leaveConference ends the channel's part; nothing happens if it has none.
func (c *call) leaveConference(ch *channel.Channel) {
	if p := c.conferences[ch]; p != nil {
		delete(c.conferences, ch)
		p.Leave()
	}
}

// leaveConferences is for the end of an application that did not get to it.
func (c *call) leaveConferences() {
	for ch := range c.conferences {
		c.leaveConference(ch)
	}
}

func conferenceMute(c *call, l *lua.LState, ch *channel.Channel) int {
	p := c.participant(l, ch)
	if l.GetTop() >= 2 {
		p.Mute(l.ToBool(2))
	}
	l.Push(lua.LBool(p.Info().Muted))
	return 1
}

func conferenceDeafen(c *call, l *lua.LState, ch *channel.Channel) int {
	c.participant(l, ch).Deafen(l.ToBool(2))
	return 0
}

func conferenceGain(c *call, l *lua.LState, ch *channel.Channel) int {
	p := c.participant(l, ch)
	if l.GetTop() >= 2 {
		p.SetGain(l.CheckInt(2), l.CheckInt(3))
	}
	info := p.Info()
	l.Push(lua.LNumber(info.Listen))
	l.Push(lua.LNumber(info.Talk))
	return 2
}

// conferencePlay is chan:conference_play(names): everybody in the room hears the prompts; it waits for their end. true; or nil and why not.
func conferencePlay(c *call, l *lua.LState, ch *channel.Channel) int {
	p, names := c.participant(l, ch), soundNames(l, 2)
	var missing error
	c.waiting(l, func() error {
		clips, err := c.openSounds(ch, names)
		missing = err
		if len(clips) == 0 {
			return nil
		}
		done := make(chan struct{})
		stop := p.Conference().Play(sound.Sequence(clips...), func() { close(done) })
		defer stop()
		length := time.Second // beyond the sounds' own: a room that stands still does not hold the script
		for _, clip := range clips {
			length += clip.Duration()
		}
		return ch.WaitFor(done, length)
	})
	if missing != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, missing.Error())
	}
	l.Push(lua.LTrue)
	return 1
}

func participantTable(l *lua.LState, i channel.ParticipantInfo) *lua.LTable {
	t := l.CreateTable(0, 10)
	for name, v := range map[string]string{"channel": i.Channel, "uniqueid": i.UniqueID, "name": i.CallerID.Name, "number": i.CallerID.Number} {
		t.RawSetString(name, lua.LString(v))
	}
	for name, v := range map[string]bool{"admin": i.Admin, "marked": i.Marked, "wait_marked": i.WaitsForMarked, "end_marked": i.EndsWithMarked,
		"muted": i.Muted, "talking": i.Talks} {
		t.RawSetString(name, lua.LBool(v))
	}
	t.RawSetString("joined", lua.LNumber(float64(i.Joined.UnixMilli())/1000))
	return t
}

func conferenceTable(l *lua.LState, i channel.ConferenceInfo) *lua.LTable {
	t, members := l.CreateTable(0, 6), l.CreateTable(len(i.Members), 0)
	t.RawSetString("name", lua.LString(i.Name))
	t.RawSetString("locked", lua.LBool(i.Locked))
	t.RawSetString("record", lua.LString(i.Record))
	t.RawSetString("parties", lua.LNumber(len(i.Members)))
	t.RawSetString("admins", lua.LNumber(i.Admins()))
	t.RawSetString("marked", lua.LNumber(i.Marked()))
	for _, m := range i.Members {
		members.Append(participantTable(l, m))
	}
	t.RawSetString("members", members)
	return t
}

// conferenceOf finds the conference an argument names; nil, with nil pushed, if it is not going on.
func (c *call) conferenceOf(l *lua.LState) *channel.Conference {
	if c.ch == nil {
		l.RaiseError("there is no call here")
	}
	conf, ok := c.ch.Conference(l.CheckString(1))
	if !ok {
		l.Push(lua.LNil)
		return nil
	}
	return conf
}

func (c *call) conferenceInfo(l *lua.LState) int {
	if conf := c.conferenceOf(l); conf != nil {
		l.Push(conferenceTable(l, conf.Info()))
	}
	return 1
}

func (c *call) conferenceLock(l *lua.LState) int {
	if conf := c.conferenceOf(l); conf != nil {
		conf.Lock(l.ToBool(2))
		l.Push(lua.LTrue)
	}
	return 1
}

func (c *call) conferenceKick(l *lua.LState) int {
	if conf := c.conferenceOf(l); conf != nil {
		l.Push(lua.LNumber(conf.Kick(l.CheckString(2), l.OptString(3, ""))))
	}
	return 1
}

func (c *call) conferenceMuteOther(l *lua.LState) int {
	if conf := c.conferenceOf(l); conf != nil {
		l.Push(lua.LNumber(conf.Mute(l.CheckString(2), l.ToBool(3))))
	}
	return 1
}

// confSections is pbx.conf(file): the sections of a .conf file as they stand in it, templates left out; nil without the file. A section is
// {name=, line=, options={{name, value, line}, …}}.
func (c *call) confSections(l *lua.LState) int {
	if c.gen.snap == nil {
		l.Push(lua.LNil)
		return 1
	}
	f := c.gen.snap.File(l.CheckString(1))
	if f == nil {
		l.Push(lua.LNil)
		return 1
	}
	list := l.NewTable()
	for _, sec := range f.Sections {
		if sec.Template {
			continue
		}
		t, options := l.CreateTable(0, 3), l.CreateTable(len(sec.Options), 0)
		t.RawSetString("name", lua.LString(sec.Name))
		t.RawSetString("place", lua.LString(fmt.Sprint(sec.Pos)))
		for _, o := range sec.Options {
			option := l.CreateTable(3, 0)
			option.Append(lua.LString(o.Name))
			option.Append(lua.LString(o.Value))
			option.Append(lua.LString(fmt.Sprint(o.Pos)))
			options.Append(option)
		}
		t.RawSetString("options", options)
		list.Append(t)
	}
	l.Push(list)
	return 1
}
