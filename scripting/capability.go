package scripting

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"asterism/engine/config"

	lua "github.com/yuin/gopher-lua"
)

// capabilityFile is where a site opens what the sandbox keeps shut: [sandbox] of asterism.conf.
const capabilityFile = "asterism.conf"

// capabilities are what the scripts of one generation may do beyond the sandbox. The zero value opens nothing.
type capabilities struct {
	execute   bool     // os.execute, io.popen
	debug     bool     // debug
	files     []string // directories that io may use; clean and absolute
	http      []string // hosts that pbx.http may ask: "host", "host:port", "*.domain", "*"
	getenv    []string // environment variables beside the harmless ones
	storeKeys int      // of one family
	storeSize int      // bytes of one family
	logLines  int      // of one call in ten seconds
}

// globals tells whether any global is opened.
func (c *capabilities) globals() bool {
	return c.execute || c.debug || len(c.files) > 0 || len(c.getenv) > 0
}

func defaultCapabilities() capabilities {
	return capabilities{storeKeys: 10_000, storeSize: 16 << 20, logLines: 500}
}

var capabilityOptions = []string{"execute", "debug", "files", "http", "getenv", "store_keys", "store_bytes", "log_lines"}

// readCapabilities reads [sandbox]. A line that is wrong opens nothing.
func readCapabilities(snap *config.Snapshot) (c capabilities, problems []config.Problem) {
	c = defaultCapabilities()
	if snap == nil {
		return c, nil
	}
	f := snap.File(capabilityFile)
	if f == nil {
		return c, nil
	}
	problems = append(problems, f.Problems...)
	s := f.Section("sandbox")
	if s == nil {
		return c, problems
	}
	for _, o := range s.Options {
		if want := c.set(strings.ToLower(o.Name), o.Value); want != "" {
			problems = append(problems, config.Problem{Pos: o.Pos, What: fmt.Sprintf("[sandbox] %s: %q", o.Name, o.Value), Want: want})
		}
	}
	return c, problems
}

// set takes one option; want is what should be there instead.
func (c *capabilities) set(name, value string) (want string) {
	words := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
	number := func(to *int) string {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return "write a whole number of at least 1"
		}
		*to = n
		return ""
	}
	yes := func(to *bool) string {
		b, ok := config.Bool(value)
		if !ok {
			return "write yes or no"
		}
		*to = b
		return ""
	}
	switch name {
	case "execute":
		return yes(&c.execute)
	case "debug":
		return yes(&c.debug)
	case "files":
		for _, w := range words {
			if !filepath.IsAbs(w) || filepath.Clean(w) == "/" {
				return "write absolute directories, commas between"
			}
			c.files = append(c.files, filepath.Clean(w))
		}
	case "http":
		for _, w := range words {
			if strings.ContainsAny(w, "/@") || strings.Contains(strings.TrimPrefix(w, "*."), "*") && w != "*" {
				return "write hosts, host:port, *.domain or *, commas between"
			}
			c.http = append(c.http, strings.ToLower(w))
		}
	case "getenv":
		c.getenv = append(c.getenv, words...)
	case "store_keys":
		return number(&c.storeKeys)
	case "store_bytes":
		return number(&c.storeSize)
	case "log_lines":
		return number(&c.logLines)
	default:
		want = "it is one of " + strings.Join(capabilityOptions, ", ")
		if near := config.DidYouMean(name, capabilityOptions); near != "" {
			want = near
		}
	}
	return want
}

// mayAsk tells whether host and port are among those that pbx.http may ask.
func (c *capabilities) mayAsk(host, port string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return slices.ContainsFunc(c.http, func(h string) bool {
		if name, p, err := net.SplitHostPort(h); err == nil {
			if p != port {
				return false
			}
			h = name
		}
		domain, wild := strings.CutPrefix(h, "*.")
		return h == "*" || h == host || wild && strings.HasSuffix(host, "."+domain)
	})
}

// openTo adds to globals (a state's own, or those of its plugins) what is open.
func (c *call) openTo(l *lua.LState, globals *lua.LTable) {
	can := &c.gen.can
	if osTable, ok := globals.RawGetString("os").(*lua.LTable); ok {
		if can.execute {
			osTable.RawSetString("execute", l.NewFunction(c.osExecute))
		}
		if len(can.getenv) > 0 {
			osTable.RawSetString("getenv", l.NewFunction(c.osGetenv))
		}
		if len(can.files) > 0 {
			osTable.RawSetString("remove", l.NewFunction(c.osRemove))
			osTable.RawSetString("rename", l.NewFunction(c.osRename))
		}
	}
	if can.debug {
		t := c.module(l, lua.OpenDebug, lua.DebugLibName, "getinfo", "getlocal", "getmetatable", "getupvalue", "traceback")
		settlesFirst(t.RawGetString("getmetatable").(*lua.LFunction))
		globals.RawSetString("debug", t)
	}
	if len(can.files) > 0 {
		t := c.module(l, lua.OpenIo, lua.IoLibName, "type", "close")
		full := c.fullIo
		for _, name := range []string{"open", "lines"} {
			original := full.RawGetString(name)
			t.RawSetString(name, l.NewFunction(func(l *lua.LState) int { return c.ioGuarded(l, original) }))
		}
		globals.RawSetString("io", t)
	}
	if can.execute {
		t, ok := globals.RawGetString("io").(*lua.LTable)
		if !ok {
			t = l.CreateTable(0, 1)
			globals.RawSetString("io", t)
		}
		t.RawSetString("popen", l.NewFunction(c.ioPopen))
	}
}

// module opens one of the interpreter's libraries and keeps of it what is named; the globals stay as they were.
func (c *call) module(l *lua.LState, open lua.LGFunction, name string, keep ...string) *lua.LTable {
	before := l.G.Global.RawGetString(name)
	l.Push(l.NewFunction(open))
	l.Call(0, 0)
	all, _ := l.G.Global.RawGetString(name).(*lua.LTable)
	l.G.Global.RawSetString(name, before)
	t := l.CreateTable(0, len(keep)+2)
	for _, k := range keep {
		t.RawSetString(k, all.RawGetString(k))
	}
	if name == lua.IoLibName {
		c.fullIo = all
	}
	return t
}

// Bounds of what is open.
const (
	maxCommandTime   = 30 * time.Second
	maxCommandOutput = 1 << 20
	maxFileRead      = 16 << 20
)

// runShell runs a command line as os.execute does, for as long as the call lasts, at most maxCommandTime.
func (c *call) runShell(command string) (output string, status int, err error) {
	var out limitedText
	err = c.pausing(func() error {
		ctx, cancel := context.WithTimeout(c.lasting(), maxCommandTime)
		defer cancel()
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
		cmd.Stdout = &out
		cmd.WaitDelay = time.Second // a child that keeps the pipe open does not keep the call
		return cmd.Run()
	})
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return out.String(), exit.ExitCode(), nil
	}
	return out.String(), 0, err
}

// lasting is the context of what waits for others than the channel: the call's; after the hang-up only the kill switch ends it.
func (c *call) lasting() context.Context {
	if c.ch != nil && !c.ch.HungUp() {
		return c.ch.Context()
	}
	return c.ctx
}

// limitedText keeps the first maxCommandOutput bytes written to it.
type limitedText struct{ strings.Builder }

func (t *limitedText) Write(p []byte) (int, error) {
	t.Builder.Write(p[:min(len(p), max(maxCommandOutput-t.Len(), 0))])
	return len(p), nil
}

// osExecute is os.execute(command): Lua 5.1's status, the exit code times 256.
func (c *call) osExecute(l *lua.LState) int {
	if l.GetTop() == 0 {
		l.Push(lua.LNumber(1)) // there is a shell
		return 1
	}
	_, status, err := c.runShell(l.CheckString(1))
	if err != nil {
		l.Push(lua.LNumber(-1))
		return 1
	}
	l.Push(lua.LNumber(status * 256))
	return 1
}

// ioPopen is io.popen(command): the command runs to its end first; what it wrote can then be read, by line or as a whole.
func (c *call) ioPopen(l *lua.LState) int {
	if mode := l.OptString(2, "r"); mode != "r" {
		l.ArgError(2, "only \"r\" is possible")
	}
	out, _, err := c.runShell(l.CheckString(1))
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	t, rest := l.CreateTable(0, 3), out
	line := func() lua.LValue {
		if rest == "" {
			return lua.LNil
		}
		var text string
		text, rest, _ = strings.Cut(rest, "\n")
		return lua.LString(text)
	}
	for name, f := range map[string]lua.LGFunction{
		"read": func(l *lua.LState) int {
			if strings.HasPrefix(strings.TrimPrefix(l.OptString(2, "*l"), "*"), "a") {
				all := rest
				rest = ""
				return pushString(l, all)
			}
			l.Push(line())
			return 1
		},
		"lines": func(l *lua.LState) int {
			l.Push(l.NewFunction(func(l *lua.LState) int { l.Push(line()); return 1 }))
			return 1
		},
		"close": func(l *lua.LState) int { rest = ""; l.Push(lua.LTrue); return 1 },
	} {
		t.RawSetString(name, l.NewFunction(f))
	}
	l.Push(t)
	return 1
}

// osGetenv is os.getenv with the site's list.
func (c *call) osGetenv(l *lua.LState) int {
	if slices.Contains(c.gen.can.getenv, l.CheckString(1)) {
		if v, ok := os.LookupEnv(l.CheckString(1)); ok {
			return pushString(l, v)
		}
	}
	return osGetenv(l)
}

// allowed is the real path of file if it lies in one of the site's directories; a relative one is in the first of these.
func (c *capabilities) allowed(file string) (string, error) {
	if strings.ContainsRune(file, 0) {
		return "", errors.New("a path with a zero byte")
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(c.files[0], file)
	}
	real, err := filepath.EvalSymlinks(file)
	if errors.Is(err, os.ErrNotExist) { // to be made: its directory must be there, and the name no dangling link
		if _, err := os.Lstat(file); err == nil {
			return "", fmt.Errorf("%s: a link that leads nowhere", file)
		}
		dir, err := filepath.EvalSymlinks(filepath.Dir(filepath.Clean(file)))
		if err != nil {
			return "", fmt.Errorf("%s: no such directory", filepath.Dir(file))
		}
		real = filepath.Join(dir, filepath.Base(filepath.Clean(file)))
	} else if err != nil {
		return "", err
	}
	for _, root := range c.files {
		if r, err := filepath.EvalSymlinks(root); err == nil && strings.HasPrefix(real, r+string(filepath.Separator)) {
			return real, nil
		}
	}
	return "", fmt.Errorf("%s: not in a directory of [sandbox] files in %s", file, capabilityFile)
}

// ioGuarded calls io.open or io.lines with a path that was checked.
func (c *call) ioGuarded(l *lua.LState, original lua.LValue) int {
	path, err := c.gen.can.allowed(l.CheckString(1))
	if err == nil {
		if fi, e := os.Stat(path); e == nil && !fi.Mode().IsRegular() {
			err = fmt.Errorf("%s: not a plain file", path)
		} else if e == nil && fi.Size() > maxFileRead {
			err = fmt.Errorf("%s: %d bytes; at most %d", path, fi.Size(), maxFileRead)
		}
	}
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	top := l.GetTop()
	l.Push(original)
	l.Push(lua.LString(path))
	for i := 2; i <= top; i++ {
		l.Push(l.Get(i))
	}
	l.Call(top, lua.MultRet)
	return l.GetTop() - top
}

func (c *call) osRemove(l *lua.LState) int {
	path, err := c.gen.can.allowed(l.CheckString(1))
	if err == nil {
		err = os.Remove(path)
	}
	return pushDone(l, err)
}

func (c *call) osRename(l *lua.LState) int {
	from, err := c.gen.can.allowed(l.CheckString(1))
	if err == nil {
		var to string
		if to, err = c.gen.can.allowed(l.CheckString(2)); err == nil {
			err = os.Rename(from, to)
		}
	}
	return pushDone(l, err)
}
