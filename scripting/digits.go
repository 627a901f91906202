package scripting

import (
	"strings"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

// pushDigit pushes a key, nil for none.
func pushDigit(l *lua.LState, key rune) int {
	if key == 0 {
		l.Push(lua.LNil)
		return 1
	}
	return pushString(l, string(key))
}

// digit takes one key; nil after timeout_ms (no number: for ever) without one.
func digit(c *call, l *lua.LState, ch *channel.Channel) int {
	timeout := milliseconds(l, 2, -1)
	var key rune
	c.waiting(l, func() (err error) {
		key, err = ch.ReadDigit(timeout)
		return err
	})
	return pushDigit(l, key)
}

// read takes keys until max of them (0: no limit), a terminator, or a pause: chan:read{max=4, timeout_ms=5000, first_ms=10000,
// terminators="#"}. It returns what was typed, without the terminator, and "max", "terminator" or "timeout"; third is the terminator.
func read(c *call, l *lua.LState, ch *channel.Channel) int {
	t := l.CheckTable(2)
	number := func(name string, missing float64) float64 {
		if v, ok := t.RawGetString(name).(lua.LNumber); ok {
			return float64(v)
		}
		return missing
	}
	most := int(number("max", 0))
	timeout := toDuration(number("timeout_ms", 5000))
	pause := toDuration(number("first_ms", number("timeout_ms", 5000)))
	terminators := "#"
	if v, ok := t.RawGetString("terminators").(lua.LString); ok {
		terminators = string(v)
	}
	var typed strings.Builder
	why, end := "max", rune(0)
	c.waiting(l, func() error {
		for most == 0 || typed.Len() < most {
			key, err := ch.ReadDigit(pause)
			switch {
			case err != nil:
				return err
			case key == 0:
				why = "timeout"
				return nil
			case strings.ContainsRune(terminators, key):
				why, end = "terminator", key
				return nil
			case typed.Len() >= 255: // Asterisk's bound for "as many as you like"
				return nil
			}
			typed.WriteRune(key)
			pause = timeout
		}
		return nil
	})
	return pushString(l, typed.String()) + pushString(l, why) + pushDigit(l, end)
}

func echo(c *call, l *lua.LState, ch *channel.Channel) int {
	stop := l.OptString(2, "#")
	var key rune
	c.waiting(l, func() (err error) {
		key, err = ch.Echo(stop)
		return err
	})
	return pushDigit(l, key)
}
