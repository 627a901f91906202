package scripting

import (
	"fmt"
	"slices"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/dialplan"

	lua "github.com/yuin/gopher-lua"
)

// callOf is the state in which ch runs dialplan: this one, or that of a dialled peer, made when first needed.
func (c *call) callOf(ch *channel.Channel) (*call, error) {
	if ch == c.ch {
		return c, nil
	}
	if owner := c.callees[ch]; owner != nil {
		return owner, nil
	}
	if !slices.Contains(c.peers, ch) {
		return nil, fmt.Errorf("channel %s belongs to another call", ch.Name())
	}
	owner, err := c.gen.newCall(ch, ch.Log())
	if err != nil {
		return nil, err
	}
	if c.callees == nil {
		c.callees = map[*channel.Channel]*call{}
	}
	c.callees[ch] = owner
	return owner, nil
}

// release hangs a peer up, with what it still has to do.
func (c *call) release(ch *channel.Channel) {
	ch.Hangup(0)
	if owner := c.callees[ch]; owner != nil {
		delete(c.callees, ch)
		_ = c.pausing(func() error { owner.runHandlers(); return nil })
		owner.close()
	}
	ch.Release()
}

// hangupHandler is chan:hangup_handler("push" | "pop" | "wipe" [, "context,exten,priority(args)"]): the subroutines that run after `h`,
// the last one pushed first. wipe forgets all before.
func hangupHandler(c *call, l *lua.LState, ch *channel.Channel) int {
	owner, err := c.callOf(ch)
	if err != nil {
		l.RaiseError("hangup_handler: %s", err.Error())
	}
	what, text := l.CheckString(2), l.OptString(3, "")
	switch what {
	case "pop":
		if n := len(owner.handlers); n > 0 {
			owner.handlers = owner.handlers[:n-1]
		}
	case "wipe":
		owner.handlers = nil
	case "push":
	default:
		l.ArgError(2, "want push, pop or wipe")
	}
	if text != "" {
		owner.handlers = append(owner.handlers, whole(ch.Place(), text))
	}
	return 0
}

// whole is a place with the context and the extension that it takes from p; its label is looked up when it is gone to.
func whole(p dialplan.Place, text string) string {
	where, args, has := strings.Cut(text, "(")
	parts := strings.Split(where, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	switch len(parts) {
	case 1:
		parts = []string{p.Context, p.Exten, parts[0]}
	case 2:
		parts = []string{p.Context, orText(parts[0], p.Exten), parts[1]}
	default:
		parts[0], parts[1] = orText(parts[0], p.Context), orText(parts[1], p.Exten)
	}
	out := strings.Join(parts, ",")
	if has {
		out += "(" + args
	}
	return out
}

// runHandlers runs the hang-up handlers, the last one pushed first. One may push more.
func (c *call) runHandlers() {
	c.dead = true
	for range maxFrames {
		n := len(c.handlers)
		if n == 0 || c.ctx.Err() != nil {
			return
		}
		text := c.handlers[n-1]
		c.handlers = c.handlers[:n-1]
		c.frames = nil
		c.dog.fresh()
		t, err := c.subTarget(c.ch, text)
		if err == nil {
			_, err = c.subroutine(t, byApplication)
		}
		if err != nil {
			c.log.Error().Msg(printable(fmt.Sprintf("hang-up handler %s: %s", text, err)))
		}
	}
}
