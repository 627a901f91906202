package scripting

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"asterism/engine/channel"
	"asterism/engine/dialplan"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Tracer hears what the dialplan does, on the goroutine of the call: dialplan tests tell their stories and their coverage from it.
type Tracer interface {
	// Entered: e runs now on ch.
	Entered(ch *channel.Channel, e dialplan.Entry)
	// Application: one begins, with its arguments as they are after expansion.
	Application(ch *channel.Channel, name, data string)
	// Line: a statement of a Lua file of the dialplan runs; ch is nil while the file is loaded.
	Line(ch *channel.Channel, file string, line int)
}

// lineHook is the global that instrumented files call; no script can spell it.
const lineHook = "\x00line"

// installTrace gives the state the function that instrumented files call.
func (c *call) installTrace() {
	t := c.gen.host.cfg.Trace
	if t == nil {
		return
	}
	c.l.G.Global.RawSetString(lineHook, c.l.NewFunction(func(l *lua.LState) int {
		t.Line(c.ch, l.CheckString(1), l.CheckInt(2))
		return 0
	}))
}

// instrument compiles the dialplan's files anew, with a call of lineHook before each statement. Plugins stay as they are.
func (t *tree) instrument() error {
	for _, ch := range t.chunks {
		ch.lines = statements(ch.tree)
		ch.tree = hooked(ch.file, ch.tree)
		walk(reflect.ValueOf(&ch.tree), func(v reflect.Value) {
			switch n := v.Interface().(type) { // the blocks; walk goes into what they are now, where hooks are leaves
			case *ast.FunctionExpr:
				n.Stmts = hooked(ch.file, n.Stmts)
			case *ast.DoBlockStmt:
				n.Stmts = hooked(ch.file, n.Stmts)
			case *ast.WhileStmt:
				n.Stmts = hooked(ch.file, n.Stmts)
			case *ast.RepeatStmt:
				n.Stmts = hooked(ch.file, n.Stmts)
			case *ast.IfStmt:
				n.Then, n.Else = hooked(ch.file, n.Then), hooked(ch.file, n.Else)
			case *ast.NumberForStmt:
				n.Stmts = hooked(ch.file, n.Stmts)
			case *ast.GenericForStmt:
				n.Stmts = hooked(ch.file, n.Stmts)
			}
		})
		proto, err := compileTree(ch.tree, ch.file)
		if err != nil {
			return fmt.Errorf("%s: not to be traced: %w", ch.file, err)
		}
		ch.proto = proto
	}
	return nil
}

// statements are the lines of statements within functions.
func statements(tree []ast.Stmt) []int {
	seen := map[int]bool{}
	Inspect(tree, func(node any) {
		if f, ok := node.(*ast.FunctionExpr); ok {
			Inspect(f.Stmts, func(node any) {
				if s, ok := node.(ast.Stmt); ok && s.Line() > 0 {
					seen[s.Line()] = true
				}
			})
		}
	})
	return slices.Sorted(maps.Keys(seen))
}

// hooked is a block with a hook before each statement, which has the statement's line.
func hooked(file string, block []ast.Stmt) []ast.Stmt {
	out := make([]ast.Stmt, 0, 2*len(block))
	for _, s := range block {
		if n := s.Line(); n > 0 {
			call := &ast.FuncCallExpr{Func: &ast.IdentExpr{Value: lineHook},
				Args: []ast.Expr{&ast.StringExpr{Value: file}, &ast.NumberExpr{Value: fmt.Sprint(n)}}}
			hook := &ast.FuncCallStmt{Expr: call}
			for _, node := range []ast.PositionHolder{hook, call, call.Func, call.Args[0], call.Args[1]} {
				node.SetLine(n)
				node.SetLastLine(n)
			}
			out = append(out, hook)
		}
		out = append(out, s)
	}
	return out
}

// Statements are the lines on which statements of Lua functions stand, by file: what a trace can tell the coverage of.
func (g *Generation) Statements() map[string][]int {
	if g.files == nil {
		return nil
	}
	out := map[string][]int{}
	for _, ch := range g.files.chunks {
		out[ch.file] = ch.lines
	}
	return out
}
