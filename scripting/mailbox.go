package scripting

import (
	"errors"
	"math"
	"time"

	"asterism/engine/sound"
	"asterism/engine/voicemail"

	lua "github.com/yuin/gopher-lua"
)

// pbx.mailbox: the spool of voice messages. What is asked, said and allowed is the plugin's.

// mailboxes is the spool; without one it raises.
func (c *call) mailboxes(l *lua.LState) *voicemail.Spool {
	s := c.gen.host.cfg.Mailboxes
	if s == nil {
		l.RaiseError("pbx.mailbox: no spool is configured")
	}
	return s
}

func checkBox(l *lua.LState) voicemail.Box {
	return voicemail.Box{Context: l.CheckString(1), Name: l.CheckString(2)}
}

// refuse pushes nil and why; "full" for a folder that is.
func refuse(l *lua.LState, err error) int {
	l.Push(lua.LNil)
	if errors.Is(err, voicemail.ErrFull) {
		return 1 + pushString(l, "full")
	}
	return 1 + pushString(l, printable(err.Error()))
}

// mailboxDraft is pbx.mailbox.draft(context, box, message).
func (c *call) mailboxDraft(l *lua.LState) int {
	s, box, t := c.mailboxes(l), checkBox(l), l.CheckTable(3)
	text := func(field string) string { return lua.LVAsString(t.RawGetString(field)) }
	m := voicemail.Message{OrigMailbox: text("origmailbox"), Context: text("context"), Exten: text("exten"), RDNIS: text("rdnis"),
		Priority: int(lua.LVAsNumber(t.RawGetString("priority"))), CallerChan: text("callerchan"), CallerID: text("callerid"),
		Time: c.gen.host.cfg.Clock.Now(), Category: text("category"), Flag: text("flag")}
	var draft string
	err := c.pausing(func() (err error) {
		draft, err = s.Draft(box, m)
		return err
	})
	if err != nil {
		return refuse(l, err)
	}
	return pushString(l, draft)
}

// mailboxDeliver is pbx.mailbox.deliver(context, box, folder, draft, {duration_ms=, flag=, time=, max=}).
func (c *call) mailboxDeliver(l *lua.LState) int {
	s, box, folder, draft, t := c.mailboxes(l), checkBox(l), l.CheckString(3), l.CheckString(4), l.OptTable(5, l.NewTable())
	var m voicemail.Message
	err := c.pausing(func() (err error) {
		m, err = s.Deliver(draft, box, folder, int(lua.LVAsNumber(t.RawGetString("max"))), func(m *voicemail.Message) {
			m.Duration = toDuration(max(0, float64(lua.LVAsNumber(t.RawGetString("duration_ms")))))
			if flag, ok := t.RawGetString("flag").(lua.LString); ok {
				m.Flag = string(flag)
			}
			if epoch, ok := t.RawGetString("time").(lua.LNumber); ok {
				m.Time = time.Unix(int64(epoch), 0)
			}
		})
		return err
	})
	if err != nil {
		return refuse(l, err)
	}
	l.Push(lua.LNumber(m.Number))
	return 1 + pushString(l, m.Path) + pushString(l, m.ID)
}

// done pushes true, or nil and why not.
func (c *call) done(l *lua.LState, f func() error) int {
	if err := c.pausing(f); err != nil {
		return refuse(l, err)
	}
	l.Push(lua.LTrue)
	return 1
}

// mailboxDiscard is pbx.mailbox.discard(draft).
func (c *call) mailboxDiscard(l *lua.LState) int {
	s, draft := c.mailboxes(l), l.CheckString(1)
	return c.done(l, func() error { return s.Discard(draft) })
}

// mailboxErase is pbx.mailbox.erase(context, box, greeting).
func (c *call) mailboxErase(l *lua.LState) int {
	s, box, which := c.mailboxes(l), checkBox(l), l.CheckString(3)
	return c.done(l, func() error { return s.Erase(box, which) })
}

// mailboxGreet is pbx.mailbox.greet(context, box, greeting, draft).
func (c *call) mailboxGreet(l *lua.LState) int {
	s, box, which, draft := c.mailboxes(l), checkBox(l), l.CheckString(3), l.CheckString(4)
	return c.done(l, func() error { return s.Greet(box, which, draft) })
}

// mailboxCopy is pbx.mailbox.copy(context, box, folder, id, draft).
func (c *call) mailboxCopy(l *lua.LState) int {
	s, box, folder, id, draft := c.mailboxes(l), checkBox(l), l.CheckString(3), l.CheckString(4), l.CheckString(5)
	return c.done(l, func() error { return s.Copy(box, folder, id, draft) })
}

// mailboxSecret is pbx.mailbox.secret(context, box [, password]).
func (c *call) mailboxSecret(l *lua.LState) int {
	s, box := c.mailboxes(l), checkBox(l)
	if l.GetTop() >= 3 {
		password := l.CheckString(3)
		return c.done(l, func() error { return s.SetSecret(box, password) })
	}
	var secret string
	_ = c.pausing(func() error { secret = s.Secret(box); return nil })
	if secret == "" {
		l.Push(lua.LNil)
		return 1
	}
	return pushString(l, secret)
}

// mailboxConvert is pbx.mailbox.convert(sounds, file [, gain_db]): one recording after the other, in the format of the file's extension.
func (c *call) mailboxConvert(l *lua.LState) int {
	file, gain := l.CheckString(2), math.Pow(10, float64(l.OptNumber(3, 0))/20)
	var names []string
	l.CheckTable(1).ForEach(func(_, name lua.LValue) { names = append(names, lua.LVAsString(name)) })
	if c.gen.host.cfg.Sounds == nil {
		return refuse(l, errors.New("no sounds are configured"))
	}
	if c.gen.host.cfg.Recordings == nil {
		return refuse(l, errNoRecordings)
	}
	return c.done(l, func() error { return c.convert(names, file, gain) })
}

// convert writes the sounds names, one after the other, to a file.
func (c *call) convert(names []string, file string, gain float64) error {
	rate, err := sound.RateOf(file)
	if err != nil {
		return err
	}
	out, err := c.gen.host.cfg.Recordings.Create(file, sound.RecordOptions{Rate: rate})
	if err != nil {
		return err
	}
	block, louder := make([]int16, rate), make([]int16, rate)
	for _, name := range names {
		clip, err := c.gen.host.cfg.Sounds.OpenAt(name, "", rate)
		if err != nil {
			return errors.Join(err, out.Discard())
		}
		for in := clip.Reader(); ; {
			n, err := in.Read(block)
			if err != nil {
				break // the end: a clip has no other error
			}
			if err := out.Write(amplified(louder[:n], block[:n], gain)); err != nil {
				return errors.Join(err, out.Discard())
			}
		}
	}
	return out.Close()
}

// mailboxList is pbx.mailbox.list(context, box, folder).
func (c *call) mailboxList(l *lua.LState) int {
	s, box, folder := c.mailboxes(l), checkBox(l), l.CheckString(3)
	var list []voicemail.Message
	err := c.pausing(func() (err error) {
		list, err = s.List(box, folder)
		return err
	})
	if err != nil {
		return refuse(l, err)
	}
	out := l.CreateTable(len(list), 0)
	for _, m := range list {
		t := l.CreateTable(0, 12)
		for name, value := range map[string]string{"origmailbox": m.OrigMailbox, "context": m.Context, "exten": m.Exten, "rdnis": m.RDNIS,
			"callerchan": m.CallerChan, "callerid": m.CallerID, "category": m.Category, "id": m.ID, "flag": m.Flag, "path": m.Path} {
			t.RawSetString(name, lua.LString(value))
		}
		t.RawSetString("priority", lua.LNumber(m.Priority))
		t.RawSetString("number", lua.LNumber(m.Number))
		t.RawSetString("time", lua.LNumber(m.Time.Unix()))
		t.RawSetString("duration", lua.LNumber(m.Duration/time.Second))
		out.Append(t)
	}
	l.Push(out)
	return 1
}

// mailboxCount is pbx.mailbox.count(context, box, folder).
func (c *call) mailboxCount(l *lua.LState) int {
	s, box, folder := c.mailboxes(l), checkBox(l), l.CheckString(3)
	n := 0
	_ = c.pausing(func() error { n = s.Count(box, folder); return nil })
	l.Push(lua.LNumber(n))
	return 1
}

// mailboxChange is pbx.mailbox.change(context, box, folder, moves [, max]).
func (c *call) mailboxChange(l *lua.LState) int {
	s, box, folder := c.mailboxes(l), checkBox(l), l.CheckString(3)
	moves := map[string]string{}
	l.CheckTable(4).ForEach(func(id, to lua.LValue) { moves[lua.LVAsString(id)] = lua.LVAsString(to) })
	most, kept := l.OptInt(5, 0), 0
	err := c.pausing(func() (err error) {
		kept, err = s.Change(box, folder, moves, most)
		return err
	})
	if err != nil {
		return refuse(l, err)
	}
	l.Push(lua.LNumber(kept))
	return 1
}

// mailboxPath is pbx.mailbox.path(context, box).
func (c *call) mailboxPath(l *lua.LState) int {
	dir, err := c.mailboxes(l).Path(checkBox(l))
	if err != nil {
		return refuse(l, err)
	}
	return pushString(l, dir)
}

// mailboxGreeting is pbx.mailbox.greeting(context, box, which).
func (c *call) mailboxGreeting(l *lua.LState) int {
	s, box, which := c.mailboxes(l), checkBox(l), l.CheckString(3)
	var stem string
	_ = c.pausing(func() error { stem = s.Greeting(box, which); return nil })
	if stem == "" {
		l.Push(lua.LNil)
		return 1
	}
	return pushString(l, stem)
}
