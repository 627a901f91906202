package scripting

import (
	"reflect"
	"strconv"
	"strings"

	"asterism/engine/config"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// positions says where the Lua files name contexts, their extensions, includes and hints: a running script's tables do not know.
type positions struct {
	contexts map[string]config.Pos    // name = {…}
	values   map[string]config.Pos    // name = what is no table
	keys     map[[2]string]config.Pos // context, extension
	includes map[[2]string]config.Pos // context, included
	hints    map[[2]string]config.Pos // context, extension; "" the context itself
	ofHints  map[*ast.TableExpr]bool  // tables that are no contexts
}

func newPositions() *positions {
	return &positions{map[string]config.Pos{}, map[string]config.Pos{}, map[[2]string]config.Pos{}, map[[2]string]config.Pos{}, map[[2]string]config.Pos{},
		map[*ast.TableExpr]bool{}}
}

// add notes what ch writes as { ["context"] = { ["exten"] = …, include = { "name" } } }, extensions.context = {…}, extensions.context.exten = …,
// and the same of hints.
func (p *positions) add(ch *chunk) {
	walk(reflect.ValueOf(ch.tree), func(v reflect.Value) {
		if v.Kind() != reflect.Pointer || v.IsNil() {
			return
		}
		switch n := v.Interface().(type) {
		case *ast.TableExpr:
			for _, f := range n.Fields {
				if name, ok := keyText(f.Key); ok && !p.ofHints[n] {
					p.entry(config.Pos{File: ch.file, Line: f.Key.Line()}, name, f.Value)
				}
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if i < len(n.Rhs) {
					p.assignment(ch.file, left, n.Rhs[i])
				}
			}
		}
	})
}

// assignment notes left = right.
func (p *positions) assignment(file string, left, right ast.Expr) {
	if id, ok := left.(*ast.IdentExpr); ok && id.Value == "hints" {
		first(p.values, "hints", config.Pos{File: file, Line: id.Line()})
		p.hintTable(file, right)
		return
	}
	at, ok := left.(*ast.AttrGetExpr)
	if !ok {
		return
	}
	name, ok := keyText(at.Key)
	if !ok {
		return
	}
	pos := config.Pos{File: file, Line: at.Key.Line()}
	if of, ok := at.Object.(*ast.IdentExpr); ok && of.Value == "hints" {
		p.hintContext(pos, name, right)
		return
	}
	p.entry(pos, name, right)
	of, ok := at.Object.(*ast.AttrGetExpr)
	if !ok {
		return
	}
	if context, ok := keyText(of.Key); ok {
		if top, ok := of.Object.(*ast.IdentExpr); ok && top.Value == "hints" {
			first(p.hints, [2]string{context, name}, pos)
			return
		}
		first(p.keys, [2]string{context, name}, pos)
		if name == "include" {
			p.include(file, context, right)
		}
	}
}

// keyText is a constant key as the name of a context or an extension.
func keyText(e ast.Expr) (string, bool) {
	switch k := e.(type) {
	case *ast.StringExpr:
		return k.Value, true
	case *ast.NumberExpr:
		n, err := strconv.ParseFloat(k.Value, 64)
		return numberText(lua.LNumber(n)), err == nil
	case *ast.TrueExpr:
		return "true", true
	case *ast.FalseExpr:
		return "false", true
	}
	return "", false
}

// first notes pos unless there is one.
func first[K comparable](m map[K]config.Pos, key K, pos config.Pos) {
	if _, ok := m[key]; !ok {
		m[key] = pos
	}
}

// entry notes `name = value`: if value is a table, it may be a context.
func (p *positions) entry(pos config.Pos, name string, value ast.Expr) {
	t, ok := value.(*ast.TableExpr)
	if !ok {
		first(p.values, name, pos)
		return
	}
	first(p.contexts, name, pos)
	for _, f := range t.Fields {
		if key, ok := keyText(f.Key); ok {
			first(p.keys, [2]string{name, key}, config.Pos{File: pos.File, Line: f.Key.Line()})
			if strings.EqualFold(key, "include") {
				p.include(pos.File, name, f.Value)
			}
		}
	}
}

// hintTable notes hints = { context = { exten = … } }.
func (p *positions) hintTable(file string, e ast.Expr) {
	t, ok := e.(*ast.TableExpr)
	if !ok {
		return
	}
	p.ofHints[t] = true
	for _, f := range t.Fields {
		if context, ok := keyText(f.Key); ok {
			p.hintContext(config.Pos{File: file, Line: f.Key.Line()}, context, f.Value)
		}
	}
}

func (p *positions) hintContext(pos config.Pos, context string, e ast.Expr) {
	first(p.hints, [2]string{context}, pos)
	t, ok := e.(*ast.TableExpr)
	if !ok {
		return
	}
	p.ofHints[t] = true
	for _, f := range t.Fields {
		if exten, ok := keyText(f.Key); ok {
			first(p.hints, [2]string{context, exten}, config.Pos{File: pos.File, Line: f.Key.Line()})
		}
	}
}

func (p *positions) include(file, context string, list ast.Expr) {
	t, ok := list.(*ast.TableExpr)
	if !ok {
		return
	}
	for _, f := range t.Fields {
		if name, ok := f.Value.(*ast.StringExpr); ok {
			if k := [2]string{context, name.Value}; p.includes[k].Line == 0 {
				p.includes[k] = config.Pos{File: file, Line: name.Line()}
			}
		}
	}
}

// context is where context is written; extensions.lua as a whole if that cannot be told.
func (p *positions) context(name string) config.Pos {
	if pos, ok := p.contexts[name]; ok {
		return pos
	}
	return config.Pos{File: dialplanFile}
}

// value is where a context is written that is no table.
func (p *positions) value(name string) config.Pos {
	if pos, ok := p.values[name]; ok {
		return pos
	}
	return p.context(name)
}

// key is where an extension, or include, of context is written.
func (p *positions) key(context, name string) config.Pos {
	if pos, ok := p.keys[[2]string{context, name}]; ok {
		return pos
	}
	return p.context(context)
}

// hint is where hints[context][exten] is written; exten may be "".
func (p *positions) hint(context, exten string) config.Pos {
	for _, k := range [][2]string{{context, exten}, {context}} {
		if pos, ok := p.hints[k]; ok {
			return pos
		}
	}
	return config.Pos{File: dialplanFile}
}

// included is where context includes name.
func (p *positions) included(context, name string) config.Pos {
	if pos, ok := p.includes[[2]string{context, name}]; ok {
		return pos
	}
	return p.key(context, "include")
}
