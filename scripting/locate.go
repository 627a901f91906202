package scripting

import (
	"reflect"
	"strings"

	"asterism/engine/config"

	"github.com/yuin/gopher-lua/ast"
)

// positions says where the Lua files name contexts and their includes: a running script's tables do not know.
type positions struct {
	contexts map[string]config.Pos
	includes map[[2]string]config.Pos // context, included
}

func newPositions() *positions {
	return &positions{map[string]config.Pos{}, map[[2]string]config.Pos{}}
}

// add notes what ch writes as { ["context"] = { include = { "name" } } }, extensions.context = {…} or extensions.context.include = {…}.
func (p *positions) add(ch *chunk) {
	walk(reflect.ValueOf(ch.tree), func(v reflect.Value) {
		if v.Kind() != reflect.Pointer || v.IsNil() {
			return
		}
		switch n := v.Interface().(type) {
		case *ast.TableExpr:
			for _, f := range n.Fields {
				if key, ok := f.Key.(*ast.StringExpr); ok {
					p.entry(ch.file, key, f.Value)
				}
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				at, ok := left.(*ast.AttrGetExpr)
				if !ok || i >= len(n.Rhs) {
					continue
				}
				if key, ok := at.Key.(*ast.StringExpr); ok {
					p.entry(ch.file, key, n.Rhs[i])
					if of, ok := at.Object.(*ast.AttrGetExpr); ok {
						if context, ok := of.Key.(*ast.StringExpr); ok && key.Value == "include" {
							p.include(ch.file, context.Value, n.Rhs[i])
						}
					}
				}
			}
		}
	})
}

// entry notes `key = value` if value is a table, which may be a context.
func (p *positions) entry(file string, key *ast.StringExpr, value ast.Expr) {
	t, ok := value.(*ast.TableExpr)
	if !ok {
		return
	}
	if _, ok := p.contexts[key.Value]; !ok {
		p.contexts[key.Value] = config.Pos{File: file, Line: key.Line()}
	}
	for _, f := range t.Fields {
		if k, ok := f.Key.(*ast.StringExpr); ok && strings.EqualFold(k.Value, "include") {
			p.include(file, key.Value, f.Value)
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

// included is where context includes name.
func (p *positions) included(context, name string) config.Pos {
	if pos, ok := p.includes[[2]string{context, name}]; ok {
		return pos
	}
	return p.context(context)
}
