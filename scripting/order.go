package scripting

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

type order struct {
	command string
	words   []string
	ctx     context.Context
	out     *bytes.Buffer
	done    chan error // room for one
}

// obey runs a command in the state.
func (s *service) obey(o order) error {
	if o.ctx.Err() != nil { // nobody waits for the answer any more
		return o.ctx.Err()
	}
	return s.job("command "+o.command, func(l *lua.LState) {
		write := func(text string) {
			if o.out.Len()+len(text) > maxOutput {
				l.RaiseError("command %s: more than %d bytes of output", o.command, maxOutput)
			}
			o.out.WriteString(text)
			if !strings.HasSuffix(text, "\n") {
				o.out.WriteByte('\n')
			}
		}
		l.Push(s.function(l, "commands", o.command))
		l.Push(l.NewFunction(func(l *lua.LState) int {
			var words []string
			for i := 1; i <= l.GetTop(); i++ {
				words = append(words, s.c.text(l, l.Get(i)))
			}
			write(strings.Join(words, "\t"))
			return 0
		}))
		for _, w := range o.words {
			l.Push(lua.LString(w))
		}
		l.Call(1+len(o.words), 1)
		if v := l.Get(-1); v != lua.LNil {
			write(s.c.text(l, v))
		}
	})
}

// RunCommand runs the plugin command that words begin with, in any case, with the rest as arguments. Its text goes to out, also when it
// fails in the middle.
func (g *Generation) RunCommand(ctx context.Context, words []string, out io.Writer) error {
	cmd, n := g.findCommand(words)
	if cmd == nil {
		return fmt.Errorf("no plugin has a command %q", strings.Join(words, " "))
	}
	s := g.host.service(cmd.plugin.name)
	if s == nil {
		return fmt.Errorf("plugin %s is not running", cmd.plugin.name)
	}
	o := order{command: cmd.name, words: words[n:], ctx: ctx, out: &bytes.Buffer{}, done: make(chan error, 1)}
	select {
	case s.orders <- o:
	case <-ctx.Done():
		return fmt.Errorf("plugin %s is busy: %w", cmd.plugin.name, ctx.Err())
	case <-s.done:
		return fmt.Errorf("plugin %s: %w", cmd.plugin.name, errStopping)
	}
	select {
	case err := <-o.done:
		if _, wrote := out.Write(o.out.Bytes()); wrote != nil {
			return wrote
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// findCommand is the command with the most words that words begin with, and how many these are.
func (g *Generation) findCommand(words []string) (best *command, n int) {
	for _, cmd := range g.commands {
		fixed := strings.Fields(cmd.name)
		if len(fixed) > n && len(words) >= len(fixed) && slices.EqualFunc(fixed, words[:len(fixed)], strings.EqualFold) {
			best, n = cmd, len(fixed)
		}
	}
	return best, n
}
