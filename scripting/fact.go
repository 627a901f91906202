package scripting

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"asterism/engine/event"

	lua "github.com/yuin/gopher-lua"
)

// Events as plugins see them: a table with the fields of the fact in snake_case. Moments are seconds since 1970, durations milliseconds
// with _ms at the name's end, what was not set is absent.

// factName is what a plugin's table calls e: "ChannelAnswered"; of an own event, its own name, unless that could be a fact's.
func factName(e any) string {
	if own, ok := e.(event.UserEvent); ok && !isFactName(own.Name) {
		return own.Name
	}
	return reflect.TypeOf(e).Name()
}

// isWanted tells whether e is of one of the names; UserEvent is every own event.
func isWanted(names map[string]bool, e any) bool {
	if len(names) == 0 {
		return false
	}
	own, isOwn := e.(event.UserEvent)
	return names[factName(e)] || isOwn && names["UserEvent"] && own.Name != ""
}

func factTable(l *lua.LState, e any) *lua.LTable {
	v := reflect.ValueOf(e)
	t := factFields(l, v)
	t.RawSetString("event", lua.LString(v.Type().Name()))
	if own, ok := e.(event.UserEvent); ok { // what was given to emit stands in the table itself
		t.RawSetString("fields", lua.LNil)
		for _, f := range own.Fields {
			if t.RawGetString(f.Key) == lua.LNil {
				t.RawSetString(f.Key, lua.LString(f.Value))
			}
		}
	}
	return t
}

func factFields(l *lua.LState, v reflect.Value) *lua.LTable {
	t := l.CreateTable(0, v.NumField())
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := snakeCase(f.Name)
		if f.Type == reflect.TypeFor[time.Duration]() {
			name += "_ms"
		}
		if value := factValue(l, v.Field(i)); value != lua.LNil {
			t.RawSetString(name, value)
		}
	}
	return t
}

func factValue(l *lua.LState, v reflect.Value) lua.LValue {
	switch x := v.Interface().(type) {
	case time.Time:
		if x.IsZero() {
			return lua.LNil
		}
		return lua.LNumber(float64(x.UnixMilli()) / 1000)
	case time.Duration:
		return lua.LNumber(float64(x) / float64(time.Millisecond))
	case rune:
		return lua.LString(string(x))
	case fmt.Stringer: // addresses
		return lua.LString(x.String())
	case []string:
		t := l.CreateTable(len(x), 0)
		for _, s := range x {
			t.Append(lua.LString(s))
		}
		return t
	case map[string]string:
		t := l.CreateTable(0, len(x))
		for k, s := range x {
			t.RawSetString(k, lua.LString(s))
		}
		return t
	}
	switch v.Kind() {
	case reflect.String:
		return lua.LString(v.String())
	case reflect.Bool:
		return lua.LBool(v.Bool())
	case reflect.Int, reflect.Int64:
		return lua.LNumber(v.Int())
	case reflect.Uint64, reflect.Uint32, reflect.Uint8:
		return lua.LNumber(v.Uint())
	case reflect.Float64:
		return lua.LNumber(v.Float())
	case reflect.Struct:
		if v.IsZero() {
			return lua.LNil // no channel, no contact
		}
		return factFields(l, v)
	}
	return lua.LNil
}

// snakeCase is UniqueID ► unique_id, CallID ► call_id, AOR ► aor.
func snakeCase(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
