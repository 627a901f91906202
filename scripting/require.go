package scripting

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"asterism/engine/config"

	lua "github.com/yuin/gopher-lua"
)

// maxFiles bounds how many Lua files one directory may hold.
const maxFiles = 2000

// tree is the Lua files of one directory, compiled: what `require` may find. A file that does not compile is kept as its error, which
// matters only if somebody requires it. It is a copy: a running call does not see the disk change.
type tree struct {
	name   string // how messages name the directory: "" or "plugins/dial"
	chunks map[string]*chunk
	errs   map[string]error
}

// readTree compiles all *.lua beneath fsys; skip names folders and files to leave out.
func readTree(fsys fs.FS, name string, skip func(file string) bool) (*tree, error) {
	t := &tree{name: name, chunks: map[string]*chunk{}, errs: map[string]error{}}
	err := fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		base := path.Base(file)
		switch {
		case err != nil:
			if d != nil && d.IsDir() && file != "." {
				return fs.SkipDir // unreadable, or gone while we looked
			}
			return err
		case file != "." && (strings.HasPrefix(base, ".") || skip(file)):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() || path.Ext(file) != ".lua":
			return nil
		case len(t.chunks)+len(t.errs) >= maxFiles:
			return fmt.Errorf("%s: more than %d Lua files", path.Join(name, "."), maxFiles)
		}
		t.add(fsys, file)
		return nil
	})
	return t, err
}

func (t *tree) add(fsys fs.FS, file string) {
	shown := path.Join(t.name, file)
	src, err := fs.ReadFile(fsys, file)
	if err == nil {
		var ch *chunk
		if ch, err = compile(shown, string(src)); err == nil {
			t.chunks[file] = ch
			return
		}
	}
	var se *syntaxError
	if !errors.As(err, &se) {
		err = &syntaxError{config.Problem{Pos: config.Pos{File: shown}, What: "cannot be read: " + err.Error()}}
	}
	t.errs[file] = err
}

// find is the file that require(module) means: dots are folders, and a folder's init.lua stands for it.
func (t *tree) find(module string) (file string, ok bool) {
	p := strings.ReplaceAll(module, ".", "/")
	for _, f := range []string{p + ".lua", p + "/init.lua"} {
		if t.chunks[f] != nil || t.errs[f] != nil {
			return f, true
		}
	}
	return "", false
}

// requiring marks, in package.loaded, a module whose chunk runs.
var requiring = &lua.LUserData{Value: "requiring", Metatable: lua.LNil}

// loadedModules is package.loaded.
func (c *call) loadedModules() *lua.LTable {
	if c.loaded == nil {
		c.loaded = c.l.CreateTable(0, 4)
	}
	return c.loaded
}

// packageTable is the global package.
func (c *call) packageTable() *lua.LTable {
	pkg := c.l.CreateTable(0, 3)
	pkg.RawSetString("loaded", c.loadedModules())
	pkg.RawSetString("preload", c.l.CreateTable(0, 1))
	pkg.RawSetString("path", lua.LString("./?.lua;./?/init.lua"))
	return pkg
}

// require is Lua's, looking beside extensions.lua and in its sub-folders only.
func (c *call) require(l *lua.LState) int {
	name := l.CheckString(1)
	if v := c.loadedModules().RawGetString(name); v != lua.LNil {
		if v == requiring {
			l.RaiseError("loop of require: %q is being loaded", name)
		}
		l.Push(v)
		return 1
	}
	if name == "pbx" {
		v := c.hostModule(l, "")
		c.loadedModules().RawSetString(name, v)
		l.Push(v)
		return 1
	}
	if pkg, ok := l.G.Global.RawGetString("package").(*lua.LTable); ok { // else nobody has asked for it
		if pre, ok := pkg.RawGetString("preload").(*lua.LTable); ok {
			if f, ok := pre.RawGetString(name).(*lua.LFunction); ok {
				return c.runModule(l, c.loadedModules(), name, f)
			}
		}
	}
	f := c.fromTree(l, c.gen.files, name)
	return c.runModule(l, c.loadedModules(), name, l.NewFunctionFromProto(f.proto))
}

// runModule runs a module's chunk once and keeps what it returns.
func (c *call) runModule(l *lua.LState, loaded *lua.LTable, name string, f *lua.LFunction) int {
	loaded.RawSetString(name, requiring)
	l.Push(f)
	l.Push(lua.LString(name))
	if err := l.PCall(1, 1, nil); err != nil {
		loaded.RawSetString(name, lua.LNil)
		var e *lua.ApiError
		if errors.As(err, &e) {
			c.keepTrace(e)
			l.Error(e.Object, 0)
		}
		l.RaiseError("%s", err.Error())
	}
	v := l.Get(-1)
	l.Pop(1)
	if v == lua.LNil {
		if v = loaded.RawGetString(name); v == requiring {
			v = lua.LTrue
		}
	}
	loaded.RawSetString(name, v)
	l.Push(v)
	return 1
}

// fromTree finds a module's chunk or raises why there is none.
func (c *call) fromTree(l *lua.LState, t *tree, name string) *chunk {
	if t != nil {
		if file, ok := t.find(name); ok {
			if err := t.errs[file]; err != nil {
				l.Error(lua.LString(err.Error()), 0)
			}
			return t.chunks[file]
		}
	}
	p := strings.ReplaceAll(name, ".", "/")
	l.RaiseError("module '%s' not found: no %s.lua beside extensions.lua", name, p)
	return nil
}

// fileChunk finds the chunk of dofile and loadfile: a path beneath the dialplan's directory.
func (c *call) fileChunk(l *lua.LState) (*chunk, error) {
	file := path.Clean(l.CheckString(1))
	if c.gen.files != nil {
		if err := c.gen.files.errs[file]; err != nil {
			return nil, err
		}
		if ch := c.gen.files.chunks[file]; ch != nil {
			return ch, nil
		}
	}
	return nil, fmt.Errorf("%s: no such Lua file beside extensions.lua", file)
}

func (c *call) dofile(l *lua.LState) int {
	ch, err := c.fileChunk(l)
	if err != nil {
		l.Error(lua.LString(err.Error()), 0)
	}
	top := l.GetTop()
	l.Push(l.NewFunctionFromProto(ch.proto))
	l.Call(0, lua.MultRet)
	return l.GetTop() - top
}

func (c *call) loadfile(l *lua.LState) int {
	ch, err := c.fileChunk(l)
	return pushLoaded(l, ch, err)
}

func (c *call) loadstring(l *lua.LState) int {
	ch, err := compile(chunkName(l, l.CheckString(1)), l.CheckString(1))
	return pushLoaded(l, ch, err)
}

// chunkName is what messages call a chunk that was made of text: the second argument, or the text's first line.
func chunkName(l *lua.LState, missing string) string {
	name := l.OptString(2, missing)
	if strings.HasPrefix(name, "=") || strings.HasPrefix(name, "@") {
		return name[1:]
	}
	const longest = 45
	line, _, more := strings.Cut(name, "\n")
	if more || len(line) > longest {
		line = strings.ToValidUTF8(line[:min(len(line), longest)], "") + "..."
	}
	return `[string "` + line + `"]`
}

// load is Lua 5.1's: a function that gives the source piece by piece.
func (c *call) load(l *lua.LState) int {
	f := l.CheckFunction(1)
	var src strings.Builder
	for src.Len() <= maxSource {
		l.Push(f)
		l.Call(0, 1)
		piece, ok := l.Get(-1).(lua.LString)
		l.Pop(1)
		if !ok || piece == "" {
			break
		}
		src.WriteString(string(piece))
	}
	ch, err := compile(chunkName(l, "=(load)"), src.String())
	return pushLoaded(l, ch, err)
}

func pushLoaded(l *lua.LState, ch *chunk, err error) int {
	if err != nil {
		l.Push(lua.LNil)
		l.Push(lua.LString(err.Error()))
		return 2
	}
	l.Push(l.NewFunctionFromProto(ch.proto))
	return 1
}

// print writes to the call's log: the process's terminal is not the script's.
func (c *call) print(l *lua.LState) int {
	var words []string
	for i := 1; i <= l.GetTop(); i++ {
		words = append(words, c.text(l, l.Get(i)))
	}
	if c.mayLog() {
		c.log.Info().Msg(printable(strings.Join(words, "\t")))
	}
	return 0
}

// text is tostring(v) with C Lua's numbers.
func (c *call) text(l *lua.LState, v lua.LValue) string {
	if n, ok := v.(lua.LNumber); ok {
		return numberText(n)
	}
	return l.ToStringMeta(v).String()
}

// printable keeps control characters, which may come from the wire, out of log lines.
func printable(s string) string {
	clean := func(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 }
	if !strings.ContainsFunc(s, clean) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if clean(r) {
			fmt.Fprintf(&b, "\\x%02x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
