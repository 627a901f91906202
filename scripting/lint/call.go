package lint

import (
	"maps"
	"slices"
	"strings"

	"asterism/engine/config"

	"github.com/yuin/gopher-lua/ast"
)

// global looks at a name that is no local.
func (w *walker) global(n *ast.IdentExpr) {
	if _, ok := w.find(n.Value); ok || w.own[n.Value] {
		return
	}
	if _, ok := w.globals[n.Value]; ok || n.Value == "arg" {
		return
	}
	names := slices.Collect(maps.Keys(w.globals))
	for _, s := range w.scopes {
		names = slices.AppendSeq(names, maps.Keys(s))
	}
	names = slices.AppendSeq(names, maps.Keys(w.own))
	if len(n.Value) < 3 {
		names = nil
	}
	fix := meant(n.Value, names, "write local, or set it in extensions.lua")
	switch n.Value {
	case "io", "debug":
		fix = "the sandbox has it when [sandbox] in asterism.conf opens it: files, execute or debug"
	case "module", "newproxy", "setfenv", "getfenv":
		fix = "the sandbox has only what Lua 5.1 computes with"
	}
	w.say(codeGlobal, Warning, n.Line(), n.Value, fix,
		"global %q is set nowhere: it is nil", n.Value)
}

// libraryField finds string.trim: a library that Lua has, with a name it has not.
func (w *walker) libraryField(n *ast.AttrGetExpr) {
	of, ok := n.Object.(*ast.IdentExpr)
	key, isName := n.Key.(*ast.StringExpr)
	if !ok || !isName {
		return
	}
	known := w.globals[of.Value]
	if _, local := w.find(of.Value); local || len(known) == 0 || of.Value == "package" || slices.Contains(known, key.Value) || w.sets(of.Value, key.Value) {
		return
	}
	w.say(codeField, Warning, key.Line(), key.Value, meant(key.Value, known, "the sandbox has only what Lua 5.1 computes with"),
		"%s has no %q: it is nil", of.Value, key.Value)
}

// sets tells whether the site adds a field to a library itself; that is rare, so the text is searched.
func (w *walker) sets(library, field string) bool {
	for _, lines := range w.files {
		for _, line := range lines {
			if strings.Contains(line, "function "+library+"."+field) || strings.Contains(line, library+"."+field+" =") {
				return true
			}
		}
	}
	return false
}

// member is the name in app.NAME or channel["NAME"], if of is that global.
func (w *walker) member(e ast.Expr, of string) (name string, line int, ok bool) {
	n, ok := e.(*ast.AttrGetExpr)
	if !ok {
		return "", 0, false
	}
	id, ok := n.Object.(*ast.IdentExpr)
	if !ok || id.Value != of {
		return "", 0, false
	}
	if _, local := w.find(of); local {
		return "", 0, false
	}
	name = w.fold(n.Key)
	return name, max(n.Key.Line(), n.Line()), !strings.Contains(name, unknown)
}

// call looks at a function call: an application, a dialplan function, or a method of a channel variable.
func (w *walker) call(n *ast.FuncCallExpr) {
	if n.Receiver != nil {
		if name, line, ok := w.objectName(n.Receiver); ok && n.Method == "set" && len(n.Args) > 0 {
			w.variableValue(name, line, n.Args[0])
		}
		return
	}
	if name, line, ok := w.member(n.Func, "app"); ok {
		w.objects(n.Args, "is given to "+name)
		w.application(place{pos: w.pos(line), context: w.context, name: name}, name, w.join(n.Args))
		return
	}
	if name, line, ok := w.member(n.Func, "channel"); ok {
		w.objects(n.Args, "is given to "+name)
		w.dialplanFunction(place{pos: w.pos(line), name: name}, name, w.join(n.Args))
		return
	}
	w.textFunction(n)
	method, ok := n.Func.(*ast.AttrGetExpr)
	if !ok {
		return
	}
	key, ok := method.Key.(*ast.StringExpr)
	if !ok || key.Value != "get" && key.Value != "set" {
		return
	}
	object := method.Object
	if c, ok := object.(*ast.FuncCallExpr); ok && c.Receiver == nil {
		object = c.Func
	}
	if name, _, ok := w.member(object, "channel"); ok {
		w.say(codeDot, Error, key.Line(), "."+key.Value, "write channel."+name+":"+key.Value, "channel.%s.%s is called with '.'", name, key.Value)
	}
}

// join is the arguments of a call as one string, as app and channel make it.
func (w *walker) join(args []ast.Expr) string {
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = w.fold(a)
	}
	return strings.Join(texts, ",")
}

// channelKey finds the function in channel["FUNC(args)"].
func (w *walker) channelKey(n *ast.AttrGetExpr) {
	if name, line, ok := w.member(n, "channel"); ok {
		if function, args, ok := strings.Cut(name, "("); ok {
			w.dialplanFunction(place{pos: w.pos(line), name: function}, function, strings.TrimSuffix(args, ")"))
		}
	}
}

// dialplanFunction looks at NAME(data).
func (c *checker) dialplanFunction(p place, name, data string) {
	name = strings.TrimSpace(name)
	f, ok := c.functions[name]
	switch {
	case strings.Contains(name, unknown) || c.mayBeBroken(name):
	case !ok:
		c.add(codeFunction, Error, p.pos, c.column(p.pos.File, p.pos.Line, name), meant(name, slices.Collect(maps.Keys(c.functions)), "see core show functions"),
			"no function %s()", name)
	default:
		p.name = name
		c.arguments(p, name+"()", f.Arguments, data)
	}
}

// place is where an application is called; context "" is not known.
type place struct {
	pos     config.Pos
	context string
	exten   string // of extensions.conf; "" in Lua, where an extension is one function
	name    string // of the application, as written
}

// report adds a finding at word, or at the application where the word comes from elsewhere.
func (c *checker) report(p place, word, code string, severity Severity, fix, format string, args ...any) {
	c.add(code, severity, p.pos, c.column(p.pos.File, p.pos.Line, word, p.name), fix, format, args...)
}

// application looks at one call of an application with its arguments as far as they are known.
func (c *checker) application(p place, name, data string) {
	a, ok := c.applications[strings.ToLower(name)]
	if !ok && c.mayBeBroken(name) {
		return
	}
	if !ok {
		names := make([]string, 0, len(c.applications))
		for _, a := range c.applications {
			names = append(names, a.Name)
		}
		c.report(p, name, codeApplication, Error, meant(name, names, "see core show applications"), "no application %s", name)
		return
	}
	c.arguments(p, a.Name, a.Arguments, data)
}
