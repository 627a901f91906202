package scripting

import (
	"errors"
	"fmt"
	"math"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// Plain data is what may pass from one state to another: text, numbers, booleans, and tables of these. It is copied, so that states
// never share anything. In Go it is nil, bool, float64, string, []any (a list) or map[string]any.

// Bounds of one value.
const (
	maxPlainDepth = 32
	maxPlainSize  = 1 << 20 // bytes of text, and 16 for each element
)

// jsonNull stands for null, which a Lua table cannot hold.
type jsonNull struct{}

// listMark is the field of a metatable that makes an empty table a list and not an object.
const listMark = "__jsontype"

// markList makes t a list even without elements.
func markList(l *lua.LState, t *lua.LTable) *lua.LTable {
	meta := l.CreateTable(0, 1)
	meta.RawSetString(listMark, lua.LString("list"))
	t.Metatable = meta
	return t
}

func isMarkedList(t *lua.LTable) bool {
	meta, ok := t.Metatable.(*lua.LTable)
	return ok && meta.RawGetString(listMark) == lua.LString("list")
}

// toPlain copies v out of its state.
func toPlain(v lua.LValue) (any, error) {
	size := 0
	return plainOf(v, 0, &size)
}

func plainOf(v lua.LValue, depth int, size *int) (any, error) {
	if *size += 16; *size > maxPlainSize {
		return nil, fmt.Errorf("data of more than %d bytes", maxPlainSize)
	}
	switch v := v.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LNumber:
		return float64(v), nil
	case lua.LString:
		*size += len(v)
		return string(v), nil
	case *lua.LUserData:
		if _, null := v.Value.(jsonNull); null {
			return nil, nil
		}
	case *lua.LTable:
		if depth >= maxPlainDepth {
			return nil, fmt.Errorf("tables more than %d deep (a circle?)", maxPlainDepth)
		}
		return plainTable(v, depth, size)
	}
	return nil, fmt.Errorf("a %s is no plain data; give text, numbers, booleans or tables of these", v.Type())
}

func plainTable(t *lua.LTable, depth int, size *int) (any, error) {
	n := t.Len()
	object, list, count := map[string]any{}, make([]any, n), 0
	var failed error
	t.ForEach(func(k, v lua.LValue) {
		if failed != nil {
			return
		}
		p, err := plainOf(v, depth+1, size)
		if err != nil {
			failed = err
			return
		}
		switch key := k.(type) {
		case lua.LString:
			*size += len(key)
			object[string(key)] = p
		case lua.LNumber:
			i := int(key)
			if lua.LNumber(i) != key || i < 1 || i > n {
				failed = fmt.Errorf("key %s: a table of plain data has names for keys, or 1 to n without gaps", numberText(key))
				return
			}
			list[i-1] = p
			count++
		default:
			failed = fmt.Errorf("a %s as key: a table of plain data has names for keys, or 1 to n without gaps", k.Type())
		}
	})
	switch {
	case failed != nil:
		return nil, failed
	case count > 0 && len(object) > 0:
		return nil, errors.New("a table with names and numbers for keys is neither a list nor an object")
	case count > 0, len(object) == 0 && isMarkedList(t):
		return list, nil
	}
	return object, nil
}

// toLua makes plain data a value of l. null is what stands for a nil within tables; lua.LNil leaves it out.
func toLua(l *lua.LState, v any, null lua.LValue) lua.LValue {
	switch v := v.(type) {
	case bool:
		return lua.LBool(v)
	case float64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case []any:
		t := l.CreateTable(len(v), 0)
		if len(v) == 0 && null != lua.LNil {
			return markList(l, t)
		}
		for i, e := range v {
			t.RawSetInt(i+1, toLua(l, e, null))
		}
		return t
	case map[string]any:
		t := l.CreateTable(0, len(v))
		for k, e := range v {
			t.RawSetString(k, toLua(l, e, null))
		}
		return t
	}
	return null
}

// plainSize is about how much memory v takes, in bytes.
func plainSize(v any) int {
	n := 16
	switch v := v.(type) {
	case string:
		n += len(v)
	case []any:
		for _, e := range v {
			n += plainSize(e)
		}
	case map[string]any:
		for k, e := range v {
			n += len(k) + plainSize(e)
		}
	}
	return n
}

// equalPlain tells whether a and b are the same data.
func equalPlain(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equalPlain)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if w, ok := b[k]; !ok || !equalPlain(v, w) {
				return false
			}
		}
		return true
	case float64:
		b, ok := b.(float64)
		return ok && (a == b || math.IsNaN(a) && math.IsNaN(b))
	}
	return a == b
}
