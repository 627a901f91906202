package scripting

import (
	"errors"
	"fmt"
	"io"
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

// pbxReadFile is pbx.read_file(path): the text of a file; or nil and why not.
func (c *call) pbxReadFile(l *lua.LState) int {
	var text []byte
	err := c.pausing(func() (err error) {
		text, err = c.gen.can.read(l.CheckString(1))
		return err
	})
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	return pushString(l, string(text))
}

// maxTextRead bounds what read_file takes into memory, bytes.
const maxTextRead = 1 << 20

// read is the text of a file in one of the site's directories.
func (c *capabilities) read(file string) ([]byte, error) {
	info, err := c.status(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxTextRead {
		return nil, fmt.Errorf("%s: no plain file of at most %d bytes", file, maxTextRead)
	}
	path, err := c.allowed(file)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxTextRead))
	return text, errors.Join(err, f.Close())
}
