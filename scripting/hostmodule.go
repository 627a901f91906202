package scripting

import (
	"context"
	"errors"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
	"asterism/engine/store"

	"github.com/rs/zerolog"
	lua "github.com/yuin/gopher-lua"
)

// storeTimeout bounds one look into the store.
const storeTimeout = 5 * time.Second

// pbxChannel is pbx.channel().
func (c *call) pbxChannel(l *lua.LState) int {
	if c.ch == nil {
		l.RaiseError("pbx.channel: there is no channel here: files are being loaded, or this is a plugin's own state")
	}
	l.Push(c.channelHandle())
	return 1
}

func (c *call) timeNow(l *lua.LState) int { return pushEpoch(l, c.gen.host.cfg.Clock.Now()) }

// pbxFindChannel is pbx.find_channel(name). The channel has an owner of its own: a script reads it and sets variables, no more.
func (c *call) pbxFindChannel(l *lua.LState) int {
	name := l.CheckString(1)
	var other *channel.Channel
	var ok bool
	switch calls := c.gen.host.cfg.Calls; {
	case c.ch != nil:
		other, ok = c.ch.Other(name)
	case calls != nil: // a plugin's own state
		other, ok = calls.Channel(name)
	}
	if ok {
		l.Push(c.handleOf(other))
		return 1
	}
	l.Push(lua.LNil)
	return 1
}

// levels are the words of pbx.log and of the application Log.
var levels = map[string]zerolog.Level{
	"debug": zerolog.DebugLevel, "verbose": zerolog.InfoLevel, "info": zerolog.InfoLevel, "notice": zerolog.InfoLevel, "dtmf": zerolog.InfoLevel,
	"warning": zerolog.WarnLevel, "error": zerolog.ErrorLevel,
}

// pbxLog is pbx.log(level, message). An unknown level raises.
func (c *call) pbxLog(plugin string) lua.LGFunction {
	return func(l *lua.LState) int {
		level, ok := levels[strings.ToLower(l.CheckString(1))]
		if !ok {
			l.ArgError(1, "want debug, verbose, notice, warning or error")
		}
		if !c.mayLog() {
			return 0
		}
		e := c.log.WithLevel(level)
		if plugin != "" {
			e = e.Str("plugin", plugin)
		}
		e.Msg(printable(l.CheckString(2)))
		return 0
	}
}

// pbxLogOnce is pbx.log that says each message once in a call.
func (c *call) pbxLogOnce(plugin string) lua.LGFunction {
	log := c.pbxLog(plugin)
	return func(l *lua.LState) int {
		if c.once(l.CheckString(1) + l.CheckString(2)) {
			log(l)
		}
		return 0
	}
}

// pbxGlobal is pbx.global(name) and pbx.global(name, value).
func (c *call) pbxGlobal(l *lua.LState) int {
	name := l.CheckString(1)
	if l.GetTop() >= 2 {
		c.gen.host.SetGlobal(name, settable(l, 2, "global"))
		return 0
	}
	if v, ok := c.gen.host.Global(name); ok {
		return pushString(l, v)
	}
	l.Push(lua.LNil)
	return 1
}

var modes = map[string]dialplan.Mode{"match": dialplan.Match, "canmatch": dialplan.CanMatch, "matchmore": dialplan.MatchMore}

// pbxExists is pbx.exists(context, exten [, "match" | "canmatch" | "matchmore" [, priority]]).
func (c *call) pbxExists(l *lua.LState) int {
	mode, ok := modes[l.OptString(3, "match")]
	if !ok {
		l.ArgError(3, "want match, canmatch or matchmore")
	}
	_, found := c.lookUp(dialplan.Place{Context: l.CheckString(1), Exten: l.CheckString(2), Priority: l.OptInt(4, 1)}, mode)
	l.Push(lua.LBool(found))
	return 1
}

// pbxMatches is pbx.matches(pattern, exten).
func pbxMatches(l *lua.LState) int {
	pattern := l.CheckString(1)
	if err := dialplan.Check(pattern); err != nil {
		l.ArgError(1, err.Error())
	}
	l.Push(lua.LBool(dialplan.Matches(pattern, l.CheckString(2), dialplan.Match)))
	return 1
}

// pbxOptions takes an option string apart: "tTr(tone)g" ► {t=true, T=true, r="tone", g=true}. Inside an argument ^ stands for a comma,
// as in Dial; a missing closing parenthesis is tolerated.
func pbxOptions(l *lua.LState) int {
	s := l.OptString(1, "")
	t := l.CreateTable(0, 8)
	for i := 0; i < len(s); i++ {
		letter := string(s[i])
		if i+1 >= len(s) || s[i+1] != '(' {
			t.RawSetString(letter, lua.LTrue)
			continue
		}
		depth, end := 0, i+1
		for ; end < len(s); end++ {
			if s[end] == '(' {
				depth++
			} else if s[end] == ')' {
				if depth--; depth == 0 {
					break
				}
			}
		}
		t.RawSetString(letter, lua.LString(s[i+2:min(end, len(s))]))
		i = end
	}
	l.Push(t)
	return 1
}

// pbxCause is pbx.cause("USER_BUSY") ► 17; nil and why for what is no cause.
func pbxCause(l *lua.LState) int {
	cause, err := channel.ParseCause(l.CheckString(1))
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	l.Push(lua.LNumber(cause))
	return 1
}

func pbxCauseText(l *lua.LState) int { return pushString(l, channel.Cause(l.CheckInt(1)).String()) }

// pbxDialString is pbx.dial_string("PJSIP", text): "PJSIP/text", or an error if text holds what would mean more than a name there.
// For text that came from outside and not through a pattern of the dialplan.
func pbxDialString(l *lua.LState) int {
	tech, resource := l.CheckString(1), l.CheckString(2)
	if resource == "" || strings.ContainsFunc(resource, isDivider) {
		l.RaiseError("dial string: %q is not a plain name or number", resource)
	}
	return pushString(l, tech+"/"+resource)
}

// pbxSplit is pbx.split(text, separator): a list, empty pieces kept.
func pbxSplit(l *lua.LState) int {
	t := l.CreateTable(4, 0)
	if s := l.CheckString(1); s != "" {
		for _, piece := range strings.Split(s, l.CheckString(2)) {
			t.Append(lua.LString(piece))
		}
	}
	l.Push(t)
	return 1
}

// pbxTruth tells whether text counts as true in a condition: not empty, and if it begins with a number, not zero.
func pbxTruth(l *lua.LState) int {
	s := strings.TrimSpace(l.OptString(1, ""))
	digits := strings.TrimLeft(s, "+-")
	end := len(digits) - len(strings.TrimLeft(digits, "0123456789"))
	l.Push(lua.LBool(s != "" && (end == 0 || strings.Trim(digits[:end], "0") != "")))
	return 1
}

// storeKey is a key as plugins write it, "family/key", in the store's form.
func storeKey(l *lua.LState, i int) string { return "/" + strings.TrimPrefix(l.CheckString(i), "/") }

// withStore runs f against the store; its error is raised.
func (c *call) withStore(l *lua.LState, f func(context.Context, store.Store) error) {
	if c.gen.host.cfg.Store == nil {
		l.RaiseError("store: none is configured")
	}
	err := c.pausing(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
		defer cancel()
		return f(ctx, c.gen.host.cfg.Store)
	})
	if err != nil {
		l.RaiseError("%s", err.Error())
	}
}

// storeGet is pbx.store:get(key): the value and its revision, or nil.
func (c *call) storeGet(l *lua.LState) int {
	var e store.Entry
	found := true
	c.withStore(l, func(ctx context.Context, s store.Store) (err error) {
		e, err = s.Get(ctx, storeKey(l, 2))
		if errors.Is(err, store.ErrNotFound) {
			found = false
			return nil
		}
		return err
	})
	if !found {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(lua.LString(e.Value))
	l.Push(lua.LNumber(e.Revision))
	return 2
}

// storePut is pbx.store:put(key, value [, ttl_ms or how]): the revision, or nil and "conflict".
func (c *call) storePut(l *lua.LState) int {
	key, value, how := storeKey(l, 2), settable(l, 3, "put"), putCondition(l, 4)
	condition := store.Any
	switch {
	case how.absent:
		condition = store.Absent
	case how.conditional:
		condition = store.Revision(how.revision)
	}
	var revision store.Revision
	refused := false
	c.withStore(l, func(ctx context.Context, s store.Store) (err error) {
		if err := c.gen.host.quota.take(ctx, s, &c.gen.can, key, len(value)); err != nil {
			return err
		}
		revision, err = s.Put(ctx, key, []byte(value), condition, how.ttl)
		if errors.Is(err, store.ErrConflict) {
			refused = true
			return nil
		}
		return err
	})
	if refused {
		return conflict(l)
	}
	l.Push(lua.LNumber(revision))
	return 1
}

// storeDelete is pbx.store:delete(key): true if there was one.
func (c *call) storeDelete(l *lua.LState) int {
	was := true
	c.withStore(l, func(ctx context.Context, s store.Store) error {
		err := s.Delete(ctx, storeKey(l, 2), store.Any)
		if errors.Is(err, store.ErrNotFound) {
			was = false
			return nil
		}
		return err
	})
	l.Push(lua.LBool(was))
	return 1
}

// storeList is pbx.store:list(prefix): a table from key to value.
func (c *call) storeList(l *lua.LState) int {
	t := l.CreateTable(0, 8)
	c.withStore(l, func(ctx context.Context, s store.Store) error {
		entries, err := s.List(ctx, storeKey(l, 2))
		for _, e := range entries {
			t.RawSetString(strings.TrimPrefix(e.Key, "/"), lua.LString(e.Value))
		}
		return err
	})
	l.Push(t)
	return 1
}
