package lint

import (
	"strings"

	"asterism/engine/dialplan"

	"github.com/yuin/gopher-lua/ast"
)

// menu looks at the table of a pbx.ivr.menu, or of a menu within one: what it says and where its keys lead. Its shape is checked when it is loaded.
func (w *walker) menu(t *ast.TableExpr) {
	fields := w.fieldsOf(t)
	if fields["prompt"] == nil || fields["keys"] == nil && fields["direct_dial"] == nil {
		return
	}
	for _, name := range []string{"prompt", "again", "invalid", "nothing"} {
		w.menuPrompts(fields[name])
	}
	w.directDial(fields["direct_dial"])
	w.menuAction(fields["failed"])
	w.menuAction(fields["closed"])
	if keys, ok := fields["keys"].(*ast.TableExpr); ok {
		for _, f := range keys.Fields {
			w.menuAction(f.Value)
		}
	}
}

// nobodysNumber is none that a dialplan means by itself.
const nobodysNumber = "77777777777777777777"

// directDial finds a pattern for everything among the extensions that can be dialled in a menu: no key is wrong then, and each is waited behind.
func (w *walker) directDial(e ast.Expr) {
	if e == nil {
		return
	}
	context := w.fold(e)
	if _, own := e.(*ast.TrueExpr); own {
		context = w.context
	}
	if all, ok := w.index.Find(context, nobodysNumber, "", 1, dialplan.Match); ok {
		w.say(codeUnreachable, Warning, e.Line(), context, "name a context without it", "direct_dial: no key of the menu is ever invalid: %q at %s:%d accepts every number",
			all.Pattern, all.File, all.Line)
	}
}

// fieldsOf are the fields of a table whose names are written out.
func (w *walker) fieldsOf(t *ast.TableExpr) map[string]ast.Expr {
	out := map[string]ast.Expr{}
	for _, f := range t.Fields {
		if f.Key != nil {
			out[w.fold(f.Key)] = f.Value
		}
	}
	return out
}

// menuPrompts looks for a name, names joined by &, or a list of these.
func (w *walker) menuPrompts(e ast.Expr) {
	switch e := e.(type) {
	case *ast.TableExpr:
		for _, f := range e.Fields {
			w.menuPrompts(f.Value)
		}
	case *ast.StringExpr, *ast.StringConcatOpExpr:
		name := w.fold(e)
		w.prompts(place{pos: w.pos(e.Line()), context: w.context, name: name}, name)
	}
}

// menuAction looks at what a key does, where that is written out. Menus within menus are looked at as such.
func (w *walker) menuAction(e ast.Expr) {
	switch e := e.(type) {
	case *ast.StringExpr:
		at := place{pos: w.pos(e.Line()), context: w.context, name: e.Value}
		if n := strings.Count(e.Value, ","); n == 2 {
			w.target(at, e.Value)
		} else if n == 1 || strings.Trim(e.Value, "0123456789*#") == "" {
			w.target(at, e.Value+",1")
		}
	case *ast.TableExpr:
		fields := w.fieldsOf(e)
		if fields["prompt"] != nil {
			return
		}
		w.menuPrompts(fields["play"])
		for _, name := range []string{"next", "busy", "open", "closed"} {
			w.menuAction(fields[name])
		}
		if dial := fields["dial"]; dial != nil {
			w.targets(place{pos: w.pos(dial.Line()), context: w.context, name: w.fold(dial)}, w.fold(dial))
		}
		if app := fields["app"]; app != nil {
			args := ""
			if fields["args"] != nil {
				args = w.fold(fields["args"])
			}
			w.application(place{pos: w.pos(app.Line()), context: w.context, name: w.fold(app)}, w.fold(app), args)
		}
	}
}

// menus tells whether the file makes any.
func (w *walker) menus() bool {
	for _, line := range w.lines(w.file) {
		if strings.Contains(line, "ivr.menu") {
			return true
		}
	}
	return false
}
