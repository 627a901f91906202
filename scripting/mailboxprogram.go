package scripting

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"asterism/engine/outbox"

	lua "github.com/yuin/gopher-lua"
)

// programTimeout bounds a program that somebody waits for on the phone.
const programTimeout = 15 * time.Second

// mailboxPrograms are the options of voicemail.conf [general] that name programs; scripts run these and no others.
var mailboxPrograms = map[string]bool{"externnotify": true, "externpass": true, "externpassnotify": true, "externpasscheck": true}

// mailboxProgram is the command line of what voicemail.conf has under an option, with the words of the list at argument 2 behind it, each quoted;
// "" if it has none, or this is a rehearsal.
func (c *call) mailboxProgram(l *lua.LState) string {
	which := l.CheckString(1)
	if !mailboxPrograms[which] {
		l.ArgError(1, "want externnotify, externpass, externpassnotify or externpasscheck")
	}
	words := []string{c.mailboxOption(which)}
	if words[0] == "" || c.gen.host.cfg.Rehearsal {
		return ""
	}
	l.CheckTable(2).ForEach(func(_, word lua.LValue) {
		words = append(words, quoteShell(strings.ReplaceAll(lua.LVAsString(word), "\x00", "")))
	})
	return strings.Join(words, " ")
}

// mailboxOption is an option of voicemail.conf [general]; "" without it.
func (c *call) mailboxOption(name string) (value string) {
	if c.gen.snap == nil {
		return ""
	}
	f := c.gen.snap.File("voicemail.conf")
	if f == nil {
		return ""
	}
	for _, section := range f.Sections {
		for _, o := range section.Options {
			if section.Name == "general" && strings.EqualFold(o.Name, name) {
				value = strings.TrimSpace(o.Value)
			}
		}
	}
	return value
}

// mailboxPost is pbx.mailbox.post{…}: what is to be done for a message is queued, durably.
func (c *call) mailboxPost(l *lua.LState) int {
	o, t := c.gen.host.cfg.Outbox, l.CheckTable(1)
	if o == nil {
		return refuse(l, errors.New("there is no outbox"))
	}
	text := func(t *lua.LTable, name string) string { return lua.LVAsString(t.RawGetString(name)) }
	j := outbox.Job{Mailbox: text(t, "mailbox"), Message: text(t, "message"), Transcribe: lua.LVAsBool(t.RawGetString("transcribe"))}
	for _, v := range items(t, "letters") {
		of, ok := v.(*lua.LTable)
		if !ok {
			l.ArgError(1, "letters are tables")
		}
		letter := outbox.Letter{FromName: text(of, "from_name"), From: text(of, "from"), ToName: text(of, "to_name"), Subject: text(of, "subject"),
			Body: text(of, "body"), Charset: text(of, "charset"), Attach: text(of, "attach"), Headers: map[string]string{}}
		for _, to := range items(of, "to") {
			letter.To = append(letter.To, lua.LVAsString(to))
		}
		if headers, ok := of.RawGetString("headers").(*lua.LTable); ok {
			headers.ForEach(func(name, value lua.LValue) { letter.Headers[lua.LVAsString(name)] = lua.LVAsString(value) })
		}
		j.Letters = append(j.Letters, letter)
	}
	sound := text(t, "sound")
	return c.done(l, func() error { return o.Put(j, sound) })
}

// items is a list that is a field of a table; empty without it.
func items(t *lua.LTable, name string) (list []lua.LValue) {
	if of, ok := t.RawGetString(name).(*lua.LTable); ok {
		for i := 1; i <= of.Len(); i++ {
			list = append(list, of.RawGetInt(i))
		}
	}
	return list
}

// mailboxRun is pbx.mailbox.run(which, words): it waits, and gives what the program wrote.
func (c *call) mailboxRun(l *lua.LState) int {
	command := c.mailboxProgram(l)
	if command == "" {
		l.Push(lua.LNil)
		return 1 + pushString(l, "voicemail.conf has none")
	}
	var out limitedText
	err := c.pausing(func() error {
		ctx, cancel := context.WithTimeout(c.gen.host.running, programTimeout)
		defer cancel()
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
		cmd.Stdout, cmd.WaitDelay = &out, time.Second
		err := cmd.Run()
		if ctx.Err() != nil {
			err = fmt.Errorf("it was ended after %v", programTimeout)
		}
		return err
	})
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return refuse(l, err)
	}
	return pushString(l, out.String())
}

// mailboxStart is pbx.mailbox.start(which, words): the program runs while the call goes on.
func (c *call) mailboxStart(l *lua.LState) int {
	command := c.mailboxProgram(l)
	if command != "" {
		c.gen.host.runCommand(c.gen.host.cfg.Log, command, nil, func() {})
	}
	l.Push(lua.LBool(command != ""))
	return 1
}
