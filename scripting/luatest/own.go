package luatest

import (
	"bytes"
	"context"
	"strings"
	"testing/synctest"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// command is t:command(line): what a plugin's command writes, and its error.
func (w *world) command(l *lua.LState) int {
	gen, err := w.generation()
	if err != nil {
		w.t.Fatalf("%s %v", l.Where(1), err)
	}
	synctest.Wait() // what was posted before is done first
	var out bytes.Buffer
	if err := gen.RunCommand(context.Background(), strings.Fields(l.CheckString(2)), &out); err != nil {
		out.WriteString("error: " + err.Error() + "\n")
	}
	l.Push(lua.LString(strings.TrimSuffix(out.String(), "\n")))
	return 1
}

// wait is t:wait(ms): time passes, timers of plugins fire.
func (w *world) wait(l *lua.LState) int {
	if _, err := w.generation(); err != nil {
		w.t.Fatalf("%s %v", l.Where(1), err)
	}
	synctest.Wait() // the timers are set
	over := false
	w.clock.At(time.Duration(float64(l.CheckNumber(2))*float64(time.Millisecond)), func() { over = true })
	for !over && w.clock.Advance() {
		synctest.Wait()
	}
	return 0
}
