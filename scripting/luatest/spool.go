package luatest

import (
	"io/fs"
	"path"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// file is t:file(name [, text]).
func (w *world) file(l *lua.LState) int {
	root, name := w.archive[0].Root, l.CheckString(2)
	if text, ok := l.Get(3).(lua.LString); ok {
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			l.RaiseError("%s", err.Error())
		}
		if err := root.WriteFile(name, []byte(text), 0o644); err != nil {
			l.RaiseError("%s", err.Error())
		}
		return 0
	}
	text, err := root.ReadFile(name)
	if err != nil {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(lua.LString(text))
	return 1
}

// files is t:files(dir).
func (w *world) files(l *lua.LState) int {
	dir := l.CheckString(2)
	var names []string
	_ = fs.WalkDir(w.archive[0].Root.FS(), dir, func(name string, e fs.DirEntry, err error) error { // what is missing has no files
		if err == nil && !e.IsDir() {
			names = append(names, strings.TrimPrefix(name, dir+"/"))
		}
		return nil
	})
	l.Push(lua.LString(strings.Join(names, " ")))
	return 1
}
