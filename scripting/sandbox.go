package scripting

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

// libraries are the functions every state starts with, taken once from a state that opened gopher-lua's own. A Go function of Lua
// has no state of its own, so all states share the function values; the tables that hold them are each state's own (globals.go).
type libraries struct {
	base    map[string]lua.LValue
	modules map[string]map[string]lua.LValue // "string" ► "rep" ► function
	loaders map[string]lua.LValue            // require and its like
	service map[string]lua.LValue            // check_hangup and its like
}

// maxArrayIndex keeps t[5000000] = f from making an array of five million nils (16 bytes each): such keys are hashed.
const maxArrayIndex = 1 << 20

var limitArrays = sync.OnceFunc(func() { lua.MaxArrayIndex = maxArrayIndex })

// Of base, these stay out: they reach files, stop the process's world, or print to its terminal. compileFunctions and call.print
// bring back what scripts need of them.
var withheld = []string{"_printregs", "collectgarbage", "dofile", "load", "loadfile", "loadstring", "module", "newproxy", "print", "require", "error"}

// openLibraries makes the default sandbox: base, table, string, math, coroutine, and the part of os that only tells.
// package and require are each state's own (require.go). No io, no debug, no os.execute.
// clock is what os.time and os.date tell, random what math.random draws from; nil is the process's own source.
func openLibraries(clock channel.Clock, random func() float64) *libraries {
	limitArrays()
	l := lua.NewState(lua.Options{SkipOpenLibs: true, RegistrySize: 256, CallStackSize: 16})
	defer l.Close()
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath, lua.OpenCoroutine, lua.OpenOs} {
		l.Push(l.NewFunction(open))
		l.Call(0, 0)
	}
	libs := &libraries{base: map[string]lua.LValue{}, modules: map[string]map[string]lua.LValue{}, loaders: loaderFunctions(), service: serviceFunctions()}
	for _, name := range []string{"table", "string", "math", "coroutine", "os"} {
		libs.modules[name] = fields(l.GetGlobal(name).(*lua.LTable))
	}
	for name, v := range fields(l.Get(lua.GlobalsIndex).(*lua.LTable)) {
		if _, module := v.(*lua.LTable); !module {
			libs.base[name] = v
		}
	}
	for _, name := range withheld {
		delete(libs.base, name)
	}
	for _, name := range settling {
		settlesFirst(libs.base[name].(*lua.LFunction))
	}
	libs.base["error"] = l.NewFunction(baseError)
	libs.base["tonumber"] = l.NewFunction(baseToNumber)
	libs.base["tostring"] = l.NewFunction(baseToString)
	libs.base["assert"] = l.NewFunction(baseAssert)
	libs.modules["math"]["huge"] = lua.LNumber(math.Inf(1))
	libs.modules["math"]["random"] = l.NewFunction(mathRandom(random))
	libs.base["collectgarbage"] = l.NewFunction(collectGarbage)
	str := libs.modules["string"]
	delete(str, "__index")
	delete(str, "dump")
	for name, f := range stringFunctions {
		str[name] = l.NewFunction(f)
	}
	libs.modules["table"]["concat"] = l.NewFunction(tableConcat)
	all := libs.modules["os"]
	libs.modules["os"] = map[string]lua.LValue{"getenv": l.NewFunction(osGetenv)}
	for _, name := range []string{"clock", "difftime"} {
		libs.modules["os"][name] = all[name]
	}
	libs.modules["os"]["date"] = l.NewFunction(func(l *lua.LState) int { return osDate(l, clock) })
	libs.modules["os"]["time"] = l.NewFunction(func(l *lua.LState) int { return osTime(l, clock) })
	return libs
}

func fields(t *lua.LTable) map[string]lua.LValue {
	out := map[string]lua.LValue{}
	t.ForEach(func(k, v lua.LValue) {
		if name, ok := k.(lua.LString); ok {
			out[string(name)] = v
		}
	})
	return out
}

// baseError is error(): C Lua 5.1 takes a number for text and puts the place before it, so that error(5) is a message while
// error(5, 0) passes the bare number on, which pbx_lua reads as an application's result.
func baseError(l *lua.LState) int {
	v, level := l.Get(1), l.OptInt(2, 1)
	if n, ok := v.(lua.LNumber); ok && level > 0 {
		v = lua.LString(numberText(n))
	}
	l.Error(v, level)
	return 0
}

// baseAssert is assert(): the message is raised as it is, without a place.
func baseAssert(l *lua.LState) int {
	if l.ToBool(1) {
		return l.GetTop()
	}
	l.CheckAny(1)
	v := lua.LValue(lua.LString("assertion failed!"))
	if l.GetTop() >= 2 && l.Get(2) != lua.LNil {
		v = l.Get(2)
	}
	l.Error(v, 0)
	return 0
}

// baseToString is tostring(), with C Lua's numbers.
func baseToString(l *lua.LState) int {
	if n, ok := l.CheckAny(1).(lua.LNumber); ok {
		return pushString(l, numberText(n))
	}
	l.Push(l.ToStringMeta(l.Get(1)))
	return 1
}

// mathRandom is math.random([m [, n]]) upon a source of [0,1), nil the process's own: seeding is of no use.
func mathRandom(random func() float64) lua.LGFunction {
	if random == nil {
		random = rand.Float64
	}
	return func(l *lua.LState) int {
		low, high := int64(1), int64(0)
		switch l.GetTop() {
		case 0:
			l.Push(lua.LNumber(random()))
			return 1
		case 1:
			high = l.CheckInt64(1)
		default:
			low, high = l.CheckInt64(1), l.CheckInt64(2)
		}
		if low > high || high-low < 0 {
			l.ArgError(min(l.GetTop(), 2), "interval is empty")
		}
		l.Push(lua.LNumber(low + min(int64(random()*float64(high-low+1)), high-low)))
		return 1
	}
}

// osDate is os.date([format [, time]]): strftime in the C locale, or a table for "*t"; "!" is UTC.
func osDate(l *lua.LState, clock channel.Clock) int {
	format := l.OptString(1, "%c")
	t := clock.Now()
	if l.GetTop() >= 2 {
		t = time.Unix(l.CheckInt64(2), 0)
	}
	if utc, ok := strings.CutPrefix(format, "!"); ok {
		format, t = utc, t.UTC()
	}
	if !strings.HasPrefix(format, "*t") {
		return pushString(l, strftime(t, format))
	}
	out := l.CreateTable(0, 9)
	for name, n := range map[string]int{"year": t.Year(), "month": int(t.Month()), "day": t.Day(), "hour": t.Hour(), "min": t.Minute(), "sec": t.Second(),
		"wday": int(t.Weekday()) + 1, "yday": t.YearDay()} {
		out.RawSetString(name, lua.LNumber(n))
	}
	out.RawSetString("isdst", lua.LBool(t.IsDST()))
	l.Push(out)
	return 1
}

// osTime is os.time([table]): fields beyond their range carry over, as in C.
func osTime(l *lua.LState, clock channel.Clock) int {
	t := l.OptTable(1, nil)
	if t == nil {
		l.Push(lua.LNumber(clock.Now().Unix()))
		return 1
	}
	field := func(name string, missing int) int {
		v := t.RawGetString(name)
		if s, ok := v.(lua.LString); ok {
			if f, err := strconv.ParseFloat(string(s), 64); err == nil {
				v = lua.LNumber(f)
			}
		}
		n, ok := v.(lua.LNumber)
		switch {
		case ok:
			return int(n)
		case missing < 0:
			l.RaiseError("field '%s' missing in date table", name)
		}
		return missing
	}
	at := time.Date(field("year", -1), time.Month(field("month", -1)), field("day", -1), field("hour", 12), field("min", 0), field("sec", 0), 0, time.Local)
	l.Push(lua.LNumber(at.Unix()))
	return 1
}

// baseToNumber is tonumber(): gopher-lua's knows no exponent without a point.
func baseToNumber(l *lua.LState) int {
	v, base := l.CheckAny(1), l.OptInt(2, 10)
	if base < 2 || base > 36 {
		l.ArgError(2, "base out of range")
	}
	switch n := v.(type) {
	case lua.LNumber:
		l.Push(n)
		return 1
	case lua.LString:
		s := strings.ToLower(strings.TrimSpace(string(n)))
		if base == 10 && !strings.HasPrefix(s, "0x") && !strings.ContainsAny(s, "inx_p") {
			if f, err := strconv.ParseFloat(s, 64); err == nil || errors.Is(err, strconv.ErrRange) {
				l.Push(lua.LNumber(f))
				return 1
			}
		} else if base != 10 || !strings.ContainsAny(s, "_.") {
			if base == 10 || base == 16 {
				s, base = strings.TrimPrefix(s, "0x"), 16
			}
			if i, err := strconv.ParseInt(s, base, 64); err == nil {
				l.Push(lua.LNumber(i))
				return 1
			}
		}
	}
	l.Push(lua.LNil)
	return 1
}

// collectGarbage does nothing: the collector is the whole process's. "count" says 0.
func collectGarbage(l *lua.LState) int {
	l.Push(lua.LNumber(0))
	return 1
}

// osGetenv tells only what cannot be a secret: the locale, the time zone, and what the site itself named ASTERISM_….
func osGetenv(l *lua.LState) int {
	name := l.CheckString(1)
	switch {
	case name == "TZ" || name == "LANG" || name == "HOSTNAME" || strings.HasPrefix(name, "LC_") || strings.HasPrefix(name, "ASTERISM_"):
		if v, ok := os.LookupEnv(name); ok {
			l.Push(lua.LString(v))
			return 1
		}
	}
	l.Push(lua.LNil)
	return 1
}
