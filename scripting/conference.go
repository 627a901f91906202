package scripting

import (
	"errors"
	"fmt"
	"strings"
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
	p, err := ch.JoinConference(name, conferenceConfig(how), participantConfig(how))
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

func conferenceConfig(how *lua.LTable) channel.ConferenceConfig {
	number := func(field string) int { return int(lua.LVAsNumber(how.RawGetString(field))) }
	c := channel.ConferenceConfig{Rate: number("rate"), MaxRate: number("max_rate"), MaxMembers: number("max_members")}
	if t, ok := how.RawGetString("record").(*lua.LTable); ok {
		is := func(field string) bool { return lua.LVAsBool(t.RawGetString(field)) }
		c.Record = channel.RecordConfig{File: lua.LVAsString(t.RawGetString("file")), Fresh: is("fresh"), Timeless: is("timeless"),
			Tracks: lua.LVAsString(t.RawGetString("tracks"))}
	}
	return c
}

func participantConfig(how *lua.LTable) channel.ParticipantConfig {
	is := func(field string) bool { return lua.LVAsBool(how.RawGetString(field)) }
	number := func(field string) int { return int(lua.LVAsNumber(how.RawGetString(field))) }
	return channel.ParticipantConfig{Admin: is("admin"), Marked: is("marked"), WaitsForMarked: is("wait_marked"), EndsWithMarked: is("end_marked"),
		Muted: is("muted"), Deaf: is("deaf"), Listen: number("listen_db"), Talk: number("talk_db"), Level: is("level"), Threshold: number("threshold"),
		Hang: toDuration(float64(lua.LVAsNumber(how.RawGetString("hang_ms")))), TalkEvents: is("talk_events"),
		Spoken: lua.LVAsString(how.RawGetString("spoken"))}
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

func conferenceWait(c *call, l *lua.LState, ch *channel.Channel) int {
	c.participant(l, ch).Wait(l.ToBool(2))
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

// conferencePlay is chan:conference_play(names [, language]): everybody in the room hears the prompts; it waits for their end. true; or nil and why not.
func conferencePlay(c *call, l *lua.LState, ch *channel.Channel) int {
	p, names, language := c.participant(l, ch), soundNames(l, 2), l.OptString(3, ch.Language())
	var missing error
	c.waiting(l, func() error {
		clips, err := c.openSoundsIn(language, ch.PlayRate(), names)
		missing = err
		if len(clips) == 0 {
			return nil
		}
		done := make(chan struct{})
		stop := p.Conference().Play(sound.Sequence(clips...), func() { close(done) })
		defer stop()
		length := 10 * time.Second // beyond the sounds' own, for what plays before: a room that stands still does not hold the script
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
	for name, v := range map[string]string{"channel": i.Channel, "uniqueid": i.UniqueID, "name": i.CallerID.Name, "spoken": i.Spoken, "number": i.CallerID.Number} {
		t.RawSetString(name, lua.LString(v))
	}
	for name, v := range map[string]bool{"admin": i.Admin, "marked": i.Marked, "wait_marked": i.WaitsForMarked, "end_marked": i.EndsWithMarked,
		"muted": i.Muted, "talking": i.Talks, "waiting": i.Waits} {
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
	t.RawSetString("record_muted", lua.LBool(i.Paused))
	t.RawSetString("muted", lua.LBool(i.Muted))
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
	find := c.gen.host.cfg.Conferences
	if find == nil {
		l.RaiseError("there are no conferences here")
	}
	conf, ok := find.Conference(l.CheckString(1))
	if !ok {
		l.Push(lua.LNil)
		return nil
	}
	return conf
}

// conferenceList is pbx.conference.list().
func (c *call) conferenceList(l *lua.LState) int {
	out := l.NewTable()
	if find := c.gen.host.cfg.Conferences; find != nil {
		for _, i := range find.Conferences() {
			out.Append(conferenceTable(l, i))
		}
	}
	l.Push(out)
	return 1
}

// conferenceRecord is pbx.conference.record(name, true | false | {file=, tracks=}): the file's name, or true when one has ended; or nil and
// why not.
func (c *call) conferenceRecord(l *lua.LState) int {
	conf := c.conferenceOf(l)
	if conf == nil {
		return 1 + pushString(l, "no such conference")
	}
	file, tracks := "", ""
	switch how := l.Get(2).(type) {
	case *lua.LTable:
		file, tracks = lua.LVAsString(how.RawGetString("file")), lua.LVAsString(how.RawGetString("tracks"))
	default:
		if lua.LVIsFalse(how) {
			return conferenceDone(l, conf.StopRecord())
		}
	}
	var name string
	err := c.pausing(func() (err error) {
		name, err = conf.Record(file, tracks)
		return err
	})
	if err != nil {
		return conferenceDone(l, err)
	}
	return pushString(l, name)
}

// conferenceDone is true, or nil and why not.
func conferenceDone(l *lua.LState, err error) int {
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, strings.TrimPrefix(err.Error(), "channel: "))
	}
	l.Push(lua.LTrue)
	return 1
}

func (c *call) conferenceMuteRecord(l *lua.LState) int {
	conf := c.conferenceOf(l)
	if conf == nil {
		return 1 + pushString(l, "no such conference")
	}
	return conferenceDone(l, conf.MuteRecord(l.ToBool(2)))
}

// conferenceAnnounce is pbx.conference.play(name, sounds [, language]): everybody in the room hears them after what plays already; it does not
// wait. true, or nil and which are missing.
func (c *call) conferenceAnnounce(l *lua.LState) int {
	conf := c.conferenceOf(l)
	if conf == nil {
		return 1 + pushString(l, "no such conference")
	}
	names, language := soundNames(l, 2), l.OptString(3, "")
	if language == "" && c.ch != nil {
		language = c.ch.Language()
	}
	var clips []*sound.Clip
	var missing error
	_ = c.pausing(func() error {
		clips, missing = c.openSoundsIn(language, conf.PlayRate(), names)
		return nil
	})
	if len(clips) > 0 {
		conf.Play(sound.Sequence(clips...), nil)
	}
	return conferenceDone(l, missing)
}

// conferenceLevels is pbx.conference.gain(name, who, listen_db, talk_db): how many there were.
func (c *call) conferenceLevels(l *lua.LState) int {
	if conf := c.conferenceOf(l); conf != nil {
		l.Push(lua.LNumber(conf.SetGain(l.CheckString(2), l.CheckInt(3), l.CheckInt(4))))
	}
	return 1
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
