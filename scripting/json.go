package scripting

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// pbx.json: strict, and bounded as plain data is. null within a table is pbx.json.null; {} is an object, pbx.json.list{} is [].

// jsonEncode is pbx.json.encode(value): the text, names sorted; or nil and why not.
func jsonEncode(l *lua.LState) int {
	v, err := toPlain(l.CheckAny(1))
	var b strings.Builder
	if err == nil {
		err = writeJSON(&b, v)
	}
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, "json: "+err.Error())
	}
	return pushString(l, b.String())
}

// jsonList is pbx.json.list(t): t, which is written as a list even when it is empty.
func jsonList(l *lua.LState) int {
	l.Push(markList(l, l.CheckTable(1)))
	return 1
}

func writeJSON(b *strings.Builder, v any) error {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errors.New("a number that is not finite")
		}
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			b.WriteString(strconv.FormatInt(int64(v), 10))
		} else {
			b.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
		}
	case string:
		if !utf8.ValidString(v) {
			return errors.New("text that is not UTF-8")
		}
		var quoted bytes.Buffer
		e := json.NewEncoder(&quoted)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return err
		}
		b.WriteString(strings.TrimSuffix(quoted.String(), "\n"))
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeJSON(b, e); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeJSON(b, k); err != nil {
				return err
			}
			b.WriteByte(':')
			if err := writeJSON(b, v[k]); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	}
	return nil
}

// jsonDecode is pbx.json.decode(text): the value, or nil and why not.
func jsonDecode(l *lua.LState) int {
	v, err := decodeJSON(l.CheckString(1))
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, "json: "+err.Error())
	}
	l.Push(toLua(l, v, &lua.LUserData{Value: jsonNull{}}))
	return 1
}

// decodeJSON reads one value; names must differ, nothing may follow.
func decodeJSON(text string) (any, error) {
	if len(text) > maxPlainSize {
		return nil, fmt.Errorf("text of more than %d bytes", maxPlainSize)
	}
	if !utf8.ValidString(text) {
		return nil, errors.New("not UTF-8")
	}
	d := json.NewDecoder(strings.NewReader(text))
	v, err := jsonValue(d, 0)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the text ends too early")
		}
		return nil, fmt.Errorf("%w (at byte %d)", err, d.InputOffset())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("something follows the value (at byte %d)", d.InputOffset())
	}
	return v, nil
}

func jsonValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxPlainDepth {
		return nil, fmt.Errorf("more than %d levels deep", maxPlainDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	switch delim {
	case '[':
		list := []any{}
		for d.More() {
			v, err := jsonValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	case '{':
		object := map[string]any{}
		for d.More() {
			t, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, ok := t.(string)
			if !ok {
				return nil, errors.New("a name expected")
			}
			if _, twice := object[name]; twice {
				return nil, fmt.Errorf("the name %q is there twice", name)
			}
			if object[name], err = jsonValue(d, depth+1); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return object, err
	}
	return nil, errors.New("unexpected bracket")
}
