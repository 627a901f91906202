package lint

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"asterism/engine/config"
	"asterism/scripting"

	"github.com/yuin/gopher-lua/ast"
)

// unknown stands in a folded string for what is only known when the dialplan runs.
const unknown = "\x00"

// lua looks at every Lua file beside extensions.lua, tests and plugins left out: those have an order of their own.
func (c *checker) lua() {
	trees := map[string][]ast.Stmt{}
	_ = fs.WalkDir(c.in.Etc, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // Load has told
		case d.IsDir():
			if file == "plugins" || file != "." && strings.HasPrefix(path.Base(file), ".") {
				return fs.SkipDir
			}
			return nil
		case path.Ext(file) != ".lua" || strings.HasSuffix(file, "_test.lua"):
			return nil
		}
		if tree, err := scripting.Parse(file, strings.Join(c.lines(file), "\n")); err == nil {
			trees[file] = tree
		}
		return nil
	})
	walkers := map[string]*walker{}
	for file, tree := range trees {
		w := &walker{checker: c, file: file, assigned: map[string]bool{}}
		w.note(tree)
		walkers[file] = w
	}
	for _, file := range slices.Sorted(maps.Keys(trees)) {
		w := walkers[file]
		w.push()
		w.hasMenus = w.menus()
		w.block(trees[file])
	}
}

// walker goes through one file with the scopes of its locals.
type walker struct {
	*checker
	file     string
	assigned map[string]bool // names that are assigned to somewhere: a local of that name is no constant
	scopes   []map[string]*string
	context  string // of `extensions`, if we are within it
	exten    string
	hasMenus bool // tables of pbx.ivr.menu
}

func (w *walker) pos(line int) config.Pos { return config.Pos{File: w.file, Line: line} }

// say adds a finding at word on line.
func (w *walker) say(code string, severity Severity, line int, word, fix, format string, args ...any) {
	w.add(code, severity, w.pos(line), w.column(w.file, line, word), fix, format, args...)
}

func (w *walker) push() { w.scopes = append(w.scopes, map[string]*string{}) }
func (w *walker) pop()  { w.scopes = w.scopes[:len(w.scopes)-1] }

// local declares a name; value is its constant, if it is one.
func (w *walker) local(name string, value *string) {
	if w.assigned[name] {
		value = nil
	}
	w.scopes[len(w.scopes)-1][name] = value
}

// find looks a local up.
func (w *walker) find(name string) (value *string, ok bool) {
	for _, s := range slices.Backward(w.scopes) {
		if value, ok = s[name]; ok {
			return value, true
		}
	}
	return nil, false
}

// note collects what a file assigns to, before it is walked: functions use what is set further down.
func (w *walker) note(tree []ast.Stmt) {
	scripting.Inspect(tree, func(node any) {
		switch n := node.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				w.noteName(l)
			}
		case *ast.FuncDefStmt:
			if n.Name.Func != nil {
				w.noteName(n.Name.Func)
			}
		}
	})
}

func (w *walker) noteName(e ast.Expr) {
	switch n := e.(type) {
	case *ast.IdentExpr:
		w.assigned[n.Value] = true
		w.own[n.Value] = true
	case *ast.AttrGetExpr: // _G.name = …
		if of, ok := n.Object.(*ast.IdentExpr); ok && of.Value == "_G" {
			if key, ok := n.Key.(*ast.StringExpr); ok {
				w.own[key.Value] = true
			}
		}
	}
}

func (w *walker) block(stmts []ast.Stmt) {
	for _, s := range stmts {
		w.stmt(s)
	}
}

func (w *walker) scoped(f func()) {
	w.push()
	f()
	w.pop()
}

// stmt is a switch over all statements of Lua; long because there are that many.
func (w *walker) stmt(s ast.Stmt) {
	switch n := s.(type) {
	case *ast.AssignStmt:
		for i, l := range n.Lhs {
			w.assignee(l)
			if i < len(n.Rhs) {
				w.assignVariable(l, n.Rhs[i])
				w.assign(l, n.Rhs[i])
			}
		}
		for i := len(n.Lhs); i < len(n.Rhs); i++ {
			w.expr(n.Rhs[i])
		}
	case *ast.LocalAssignStmt:
		if len(n.Exprs) == 1 { // local function f: its own name is seen inside
			if _, ok := n.Exprs[0].(*ast.FunctionExpr); ok && len(n.Names) == 1 {
				w.local(n.Names[0], nil)
			}
		}
		w.exprs(n.Exprs)
		for i, name := range n.Names {
			var value *string
			if i < len(n.Exprs) {
				if v := w.fold(n.Exprs[i]); v != unknown {
					value = &v
				}
			}
			w.local(name, value)
		}
	case *ast.FuncCallStmt:
		w.expr(n.Expr)
	case *ast.DoBlockStmt:
		w.scoped(func() { w.block(n.Stmts) })
	case *ast.WhileStmt:
		w.condition(n.Condition)
		w.expr(n.Condition)
		w.scoped(func() { w.block(n.Stmts) })
	case *ast.RepeatStmt:
		w.scoped(func() { w.block(n.Stmts); w.condition(n.Condition); w.expr(n.Condition) })
	case *ast.IfStmt:
		w.condition(n.Condition)
		w.expr(n.Condition)
		w.scoped(func() { w.block(n.Then) })
		w.scoped(func() { w.block(n.Else) })
	case *ast.NumberForStmt:
		w.exprs([]ast.Expr{n.Init, n.Limit, n.Step})
		w.scoped(func() { w.local(n.Name, nil); w.block(n.Stmts) })
	case *ast.GenericForStmt:
		w.exprs(n.Exprs)
		w.scoped(func() {
			for _, name := range n.Names {
				w.local(name, nil)
			}
			w.block(n.Stmts)
		})
	case *ast.FuncDefStmt:
		if n.Name.Receiver != nil {
			w.expr(n.Name.Receiver)
		}
		if n.Name.Func != nil {
			w.assignee(n.Name.Func)
			w.assign(n.Name.Func, n.Func)
			return
		}
		w.function(n.Func, true)
	case *ast.ReturnStmt:
		w.exprs(n.Exprs)
	}
}

// assignee looks at what stands within the left side of an assignment: a.b = 1 reads a.
func (w *walker) assignee(e ast.Expr) {
	if n, ok := e.(*ast.AttrGetExpr); ok {
		w.channelKey(n)
		w.expr(n.Object)
		w.expr(n.Key)
	}
}

// assign looks at the right side of an assignment; it may be a part of `extensions`.
func (w *walker) assign(to, value ast.Expr) {
	context, exten, depth := w.extensionPath(to)
	switch depth {
	case 1:
		w.extensions(value)
	case 2:
		w.inContext(context, value)
	case 3:
		w.inExtension(context, exten, value)
	default:
		w.expr(value)
	}
}

// extensionPath takes extensions, extensions.context and extensions.context.exten apart; depth 0 is none of them.
func (w *walker) extensionPath(e ast.Expr) (context, exten string, depth int) {
	switch n := e.(type) {
	case *ast.IdentExpr:
		if _, local := w.find(n.Value); n.Value == "extensions" && !local {
			return "", "", 1
		}
	case *ast.AttrGetExpr:
		context, _, depth = w.extensionPath(n.Object)
		switch depth {
		case 1:
			return w.fold(n.Key), "", 2
		case 2:
			return context, w.fold(n.Key), 3
		}
	}
	return "", "", 0
}

func (w *walker) extensions(value ast.Expr) {
	t, ok := value.(*ast.TableExpr)
	if !ok {
		w.expr(value)
		return
	}
	w.twice(t, "context %q")
	for _, f := range t.Fields {
		w.expr(f.Key)
		w.inContext(w.keyOf(f), f.Value)
	}
}

func (w *walker) inContext(context string, value ast.Expr) {
	t, ok := value.(*ast.TableExpr)
	if !ok {
		w.expr(value)
		return
	}
	w.twice(t, "extension %q")
	for _, f := range t.Fields {
		w.expr(f.Key)
		w.inExtension(context, w.keyOf(f), f.Value)
	}
}

// twice names the keys that a table's text gives more than once: Lua keeps the last value and says nothing.
func (w *walker) twice(t *ast.TableExpr, what string) {
	first := map[string]int{}
	for _, f := range t.Fields {
		key, isText := f.Key.(*ast.StringExpr)
		if !isText {
			continue
		}
		line := f.Value.Line()
		if before, again := first[key.Value]; again {
			w.say(codeDoubled, Warning, line, key.Value, "take one away", what+" stands there already at %s:%d; Lua keeps the last one", key.Value, w.file, before)
			continue
		}
		first[key.Value] = line
	}
}

func (w *walker) keyOf(f *ast.Field) string {
	if f.Key == nil {
		return unknown
	}
	return w.fold(f.Key)
}

func (w *walker) inExtension(context, exten string, value ast.Expr) {
	before, was := w.context, w.exten
	w.context, w.exten = context, exten
	w.expr(value)
	w.context, w.exten = before, was
}

func (w *walker) exprs(list []ast.Expr) {
	for _, e := range list {
		w.expr(e)
	}
}

// expr is a switch over all expressions of Lua.
func (w *walker) expr(e ast.Expr) {
	switch n := e.(type) {
	case *ast.IdentExpr:
		w.global(n)
	case *ast.AttrGetExpr:
		w.libraryField(n)
		w.channelKey(n)
		w.expr(n.Object)
		w.expr(n.Key)
	case *ast.TableExpr:
		if w.hasMenus {
			w.menu(n)
		}
		for _, f := range n.Fields {
			w.expr(f.Key)
			w.expr(f.Value)
		}
	case *ast.FuncCallExpr:
		w.call(n)
		w.expr(n.Func)
		w.expr(n.Receiver)
		w.exprs(n.Args)
	case *ast.FunctionExpr:
		w.function(n, false)
	case *ast.LogicalOpExpr:
		w.condition(n.Lhs)
		w.exprs([]ast.Expr{n.Lhs, n.Rhs})
	case *ast.RelationalOpExpr:
		w.objects([]ast.Expr{n.Lhs, n.Rhs}, "no comparison holds for")
		w.exprs([]ast.Expr{n.Lhs, n.Rhs})
	case *ast.StringConcatOpExpr:
		w.objects([]ast.Expr{n.Lhs, n.Rhs}, "cannot be joined to text")
		w.exprs([]ast.Expr{n.Lhs, n.Rhs})
	case *ast.ArithmeticOpExpr:
		w.objects([]ast.Expr{n.Lhs, n.Rhs}, "cannot be calculated with")
		w.exprs([]ast.Expr{n.Lhs, n.Rhs})
	case *ast.UnaryMinusOpExpr:
		w.expr(n.Expr)
	case *ast.UnaryNotOpExpr:
		w.expr(n.Expr)
	case *ast.UnaryLenOpExpr:
		w.expr(n.Expr)
	}
}

func (w *walker) function(f *ast.FunctionExpr, method bool) {
	w.scoped(func() {
		if method {
			w.local("self", nil)
		}
		w.local("arg", nil)
		for _, name := range f.ParList.Names {
			w.local(name, nil)
		}
		w.block(f.Stmts)
	})
}

// fold is an expression's text as far as it is constant; what is not is unknown. nil is nothing.
func (w *walker) fold(e ast.Expr) string {
	switch n := e.(type) {
	case *ast.StringExpr:
		return n.Value
	case *ast.NumberExpr:
		return n.Value
	case *ast.NilExpr:
		return ""
	case *ast.StringConcatOpExpr:
		return w.fold(n.Lhs) + w.fold(n.Rhs)
	case *ast.IdentExpr:
		if value, ok := w.find(n.Value); ok && value != nil {
			return *value
		}
	}
	return unknown
}
