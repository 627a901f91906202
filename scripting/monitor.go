package scripting

import (
	"errors"
	"math"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/media"
	"asterism/engine/sound"

	lua "github.com/yuin/gopher-lua"
)

// mixing is where a monitor's blocks go: the two sides together, and each by itself. It is the media thread's.
type mixing struct {
	mixed, heard, said   *sound.Tape // nil: not wanted
	stereo               bool
	heardGain, saidGain  float64
	buf, louder, loudest []int16
}

// Block takes 20 ms of both sides.
func (m *mixing) Block(heard, said []int16) {
	heard, said = amplified(m.louder, heard, m.heardGain), amplified(m.loudest, said, m.saidGain)
	if m.heard != nil {
		m.heard.Write(heard)
	}
	if m.said != nil {
		m.said.Write(said)
	}
	switch {
	case m.mixed == nil:
	case m.stereo:
		for i := range heard {
			m.buf[2*i], m.buf[2*i+1] = heard[i], said[i]
		}
		m.mixed.Write(m.buf[:2*len(heard)])
	default:
		for i := range heard {
			m.buf[i] = clipped(int(heard[i]) + int(said[i]))
		}
		m.mixed.Write(m.buf[:len(heard)])
	}
}

func amplified(dst, pcm []int16, gain float64) []int16 {
	if gain == 1 {
		return pcm
	}
	for i, s := range pcm {
		dst[i] = clipped(int(float64(s) * gain))
	}
	return dst[:len(pcm)]
}

func clipped(x int) int16 { return int16(min(max(x, math.MinInt16), math.MaxInt16)) }

// tapes are those that are written to.
func (m *mixing) tapes() (list []*sound.Tape) {
	for _, t := range []*sound.Tape{m.mixed, m.heard, m.said} {
		if t != nil {
			list = append(list, t)
		}
	}
	return list
}

// monitor is chan:monitor{…}: it records both sides of the channel while the script, and bridges, go on; it ends by stop_monitor or the
// hang-up. The id, or nil and why it could not begin.
func monitor(c *call, l *lua.LState, ch *channel.Channel) int {
	t := l.CheckTable(2)
	text := func(name string) string { return lua.LVAsString(t.RawGetString(name)) }
	gain := func(name string) float64 {
		return math.Pow(2, min(max(float64(lua.LVAsNumber(t.RawGetString(name))), -4), 4))
	}
	m := &mixing{stereo: lua.LVAsBool(t.RawGetString("stereo")), heardGain: gain("heard_gain"), saidGain: gain("said_gain")}
	o := sound.RecordOptions{Append: lua.LVAsBool(t.RawGetString("append"))}
	rate := 0
	for _, file := range []struct {
		name   string
		to     **sound.Tape
		stereo bool
	}{{text("file"), &m.mixed, m.stereo}, {text("heard"), &m.heard, false}, {text("said"), &m.said, false}} {
		if file.name == "" {
			continue
		}
		o.Stereo = file.stereo
		tape, err := c.tape(file.name, rate, o)
		if err != nil {
			for _, t := range m.tapes() {
				err = errors.Join(err, t.Discard())
			}
			return c.outcome(l, ch, err)
		}
		*file.to, rate = tape, tape.Rate()
	}
	if rate == 0 {
		l.ArgError(2, "want file, heard or said: a name with its extension")
	}
	m.buf, m.louder, m.loudest = make([]int16, rate/25), make([]int16, rate/50), make([]int16, rate/50)
	every := toDuration(max(0, float64(lua.LVAsNumber(t.RawGetString("beep_ms")))))
	running, err := ch.StartMonitor(channel.MonitorRequest{BeepEvery: every, Beep: c.recordingBeep(ch, every), ID: text("id"), File: text("file"), Rate: rate, Block: m.Block,
		BridgedOnly: lua.LVAsBool(t.RawGetString("bridged")), Failed: m.tapes()[0].Failed(), End: c.monitorEnd(l, ch, t, m)})
	if err != nil {
		for _, t := range m.tapes() {
			err = errors.Join(err, t.Discard())
		}
		return c.outcome(l, ch, err)
	}
	return pushString(l, running.ID())
}

// recordingBeep makes what the party of a monitor hears every so often.
func (c *call) recordingBeep(ch *channel.Channel, every time.Duration) func() media.Source {
	beep := sound.NewClip(8000, nil)
	if every > 0 {
		clips, err := c.openSounds(ch, []string{"beep"})
		if len(clips) > 0 {
			beep = clips[0]
		} else {
			c.log.Warn().Err(err).Msg("no beep")
		}
	}
	return func() media.Source { return beep.Reader() }
}

// monitorEnd makes what happens when a monitor is over: the files are closed, mailboxes get their copies, the command runs, the files go if
// they are not wanted.
func (c *call) monitorEnd(l *lua.LState, ch *channel.Channel, t *lua.LTable, m *mixing) func() {
	command, environment := c.shellCommand(l, lua.LVAsString(t.RawGetString("command")))
	var names []string
	for _, field := range []string{"file", "heard", "said"} {
		if name := lua.LVAsString(t.RawGetString(field)); name != "" {
			names = append(names, name)
		}
	}
	boxes, remove := c.copiesOf(l, ch, t), lua.LVAsBool(t.RawGetString("delete"))
	log, host := c.log.With().Str("file", m.tapes()[0].Name()).Logger(), c.gen.host
	after := func() {
		for _, name := range names {
			if remove {
				_ = host.cfg.Recordings.Remove(name) // it may be gone already
			}
		}
	}
	return func() {
		for _, t := range m.tapes() {
			if err := t.Close(0); err != nil {
				log.Error().Err(err).Msg("recording of the call ends early")
			}
			if lost := t.Lost(); lost > 0 {
				log.Warn().Dur("lost", lost).Msg("recording of the call has a hole: the disk is too slow")
			}
		}
		boxes.deposit(host, log, m.tapes()[0], names[0])
		if command == "" {
			after()
			return
		}
		host.runCommand(log, command, environment, after)
	}
}

// stopMonitor is chan:stop_monitor([id]).
func stopMonitor(_ *call, l *lua.LState, ch *channel.Channel) int {
	l.Push(lua.LBool(ch.StopMonitor(l.OptString(2, ""))))
	return 1
}

// muteMonitor is chan:mute_monitor("read" | "write" | "both", on [, id]): whether there was one. read is what the party says.
func muteMonitor(_ *call, l *lua.LState, ch *channel.Channel) int {
	direction, on, id, found := strings.ToLower(l.CheckString(2)), l.CheckBool(3), l.OptString(4, ""), false
	for _, m := range ch.Monitors() {
		if id == "" || m.ID() == id {
			m.Mute(direction != "write", direction != "read", on)
			found = true
		}
	}
	l.Push(lua.LBool(found))
	return 1
}

// listMonitors is chan:monitors(): {{id=, file=, seconds=}, …}.
func listMonitors(c *call, l *lua.LState, ch *channel.Channel) int {
	out := l.CreateTable(1, 0)
	for _, m := range ch.Monitors() {
		t := l.CreateTable(0, 3)
		t.RawSetString("id", lua.LString(m.ID()))
		t.RawSetString("file", lua.LString(m.File()))
		t.RawSetString("seconds", lua.LNumber(c.gen.host.cfg.Clock.Now().Sub(m.Began())/time.Second))
		out.Append(t)
	}
	l.Push(out)
	return 1
}
