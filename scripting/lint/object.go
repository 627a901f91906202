package lint

import (
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// channel.NAME and channel.FUNC() are objects; what they hold comes from their get(). Who forgets that gets a comparison that is never
// true, a condition that always is, or an error at run time.

// objectName is the name of channel.NAME or channel.FUNC(…), if e is one of these.
func (w *walker) objectName(e ast.Expr) (name string, line int, ok bool) {
	if call, isCall := e.(*ast.FuncCallExpr); isCall && call.Receiver == nil {
		name, line, ok = w.member(call.Func, "channel")
		return name + "(…)", line, ok
	}
	return w.member(e, "channel")
}

// objects looks for channel's objects among values that something is done with.
func (w *walker) objects(list []ast.Expr, what string) {
	for _, e := range list {
		if name, line, ok := w.objectName(e); ok {
			w.say(codeObject, Error, line, strings.TrimSuffix(name, "(…)"), "write channel."+name+":get()", "channel.%s is no text but an object, which %s", name, what)
		}
	}
}

// condition looks at what is asked for being true.
func (w *walker) condition(e ast.Expr) {
	if n, ok := e.(*ast.UnaryNotOpExpr); ok {
		e = n.Expr
	}
	w.objects([]ast.Expr{e}, "is always true")
}

// textFunction looks at calls of what wants text or numbers.
func (w *walker) textFunction(n *ast.FuncCallExpr) {
	switch f := n.Func.(type) {
	case *ast.IdentExpr:
		if _, local := w.find(f.Value); !local && (f.Value == "tonumber" || f.Value == "tostring") {
			w.objects(n.Args, f.Value+" can make nothing of")
		}
	case *ast.AttrGetExpr:
		if of, ok := f.Object.(*ast.IdentExpr); ok && of.Value == "string" {
			w.objects(n.Args, "is given to string."+w.fold(f.Key))
		}
	}
}

// assignVariable looks at channel.NAME = value.
func (w *walker) assignVariable(to, value ast.Expr) {
	if name, line, ok := w.objectName(to); ok {
		w.variableValue(name, line, value)
	}
}

// variableValue looks at what a channel variable, or a function, is set to.
func (w *walker) variableValue(name string, line int, value ast.Expr) {
	kind := ""
	switch value.(type) {
	case *ast.NilExpr:
		kind = "nil"
	case *ast.TrueExpr, *ast.FalseExpr:
		kind = "a boolean"
	case *ast.TableExpr:
		kind = "a table"
	case *ast.FunctionExpr:
		kind = "a function"
	default:
		w.objects([]ast.Expr{value}, "is no value for channel."+name)
		return
	}
	w.say(codeValue, Error, line, strings.TrimSuffix(name, "(…)"), `write text or a number; "" empties it`, "channel.%s is set to %s", name, kind)
}
