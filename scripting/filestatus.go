package scripting

import (
	"errors"
	"os"
	"syscall"

	lua "github.com/yuin/gopher-lua"
)

var errNoFiles = errors.New("no files are open to scripts; asterism.conf names directories with files = in [sandbox]")

// pbxFileStatus is pbx.file_status(path): what the file is and when it changed, in seconds since 1970; or nil and why not.
func (c *call) pbxFileStatus(l *lua.LState) int {
	info, err := c.gen.can.status(l.CheckString(1))
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	t := l.CreateTable(0, 6)
	kind := "other"
	switch {
	case info.IsDir():
		kind = "directory"
	case info.Mode().IsRegular():
		kind = "file"
	}
	t.RawSetString("kind", lua.LString(kind))
	t.RawSetString("size", lua.LNumber(info.Size()))
	t.RawSetString("modified", lua.LNumber(info.ModTime().Unix()))
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		t.RawSetString("mode", lua.LNumber(s.Mode))
		t.RawSetString("accessed", lua.LNumber(s.Atim.Sec))
		t.RawSetString("changed", lua.LNumber(s.Ctim.Sec))
	}
	l.Push(t)
	return 1
}

// status looks at a file in one of the site's directories, or at such a directory.
func (c *capabilities) status(file string) (os.FileInfo, error) {
	if len(c.files) == 0 {
		return nil, errNoFiles
	}
	path, err := c.allowed(file)
	if err != nil {
		return nil, err
	}
	return os.Lstat(path) // links have been followed
}
