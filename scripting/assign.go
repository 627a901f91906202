package scripting

import (
	"reflect"

	"github.com/yuin/gopher-lua/ast"
)

// gopher-lua 1.1.2 evaluates `a, b = b, a` one after the other if a is a local variable, so that both end up with b's value. Lua 5.1
// evaluates all before it assigns any (§2.4.3). Where that makes a difference, the statement is rewritten with temporaries. So is
// `a = f() and b`: where f() is false it would leave the local variable a as it was.

// assignAtOnce rewrites every multiple assignment of tree that reads on the right, or as a table on the left, what it has assigned before, and
// every assignment of an "and" to a variable.
func assignAtOnce(tree []ast.Stmt) {
	walk(reflect.ValueOf(tree), func(v reflect.Value) {
		if v.Kind() != reflect.Slice || v.Type() != reflect.TypeFor[[]ast.Stmt]() {
			return
		}
		for i := range v.Len() {
			if s, ok := v.Index(i).Interface().(*ast.AssignStmt); ok && (readsBehind(s) || keepsOld(s)) {
				v.Index(i).Set(reflect.ValueOf(temporaries(s)))
			}
		}
	})
}

// readsBehind tells whether a name that s assigns is read by an expression evaluated after it.
func readsBehind(s *ast.AssignStmt) bool {
	for i, left := range s.Lhs {
		id, ok := left.(*ast.IdentExpr)
		if !ok || len(s.Lhs) == 1 {
			continue
		}
		for j, right := range s.Rhs {
			if j > i && mentions(right, id.Value) {
				return true
			}
		}
		for _, other := range s.Lhs {
			if at, ok := other.(*ast.AttrGetExpr); ok && mentions(at, id.Value) {
				return true
			}
		}
	}
	return false
}

// keepsOld tells whether a variable that s assigns gets a value that has an "and" in it.
func keepsOld(s *ast.AssignStmt) (found bool) {
	for i, left := range s.Lhs {
		if _, ok := left.(*ast.IdentExpr); !ok || i >= len(s.Rhs) {
			continue
		}
		walk(reflect.ValueOf(s.Rhs[i]), func(v reflect.Value) {
			if v.Kind() == reflect.Pointer && !v.IsNil() {
				op, ok := v.Interface().(*ast.LogicalOpExpr)
				found = found || ok && op.Operator == "and"
			}
		})
	}
	return found
}

// mentions tells whether e reads the variable, or calls a function, which may.
func mentions(e ast.Expr, name string) (found bool) {
	walk(reflect.ValueOf(e), func(v reflect.Value) {
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			switch n := v.Interface().(type) {
			case *ast.IdentExpr:
				found = found || n.Value == name
			case *ast.FuncCallExpr:
				found = true
			}
		}
	})
	return found
}

// temporaries is s as a block: do local tables and keys = …; local values = …; the assignments from the last to the first end.
func temporaries(s *ast.AssignStmt) ast.Stmt {
	at := func(n ast.PositionHolder) { n.SetLine(s.Line()); n.SetLastLine(s.LastLine()) }
	name := func(kind string, i int) string { return "(" + kind + string(rune('A'+i)) + ")" } // no name that a script can write
	ident := func(name string) ast.Expr {
		e := &ast.IdentExpr{Value: name}
		at(e)
		return e
	}
	block := &ast.DoBlockStmt{}
	at(block)
	targets, values := &ast.LocalAssignStmt{}, &ast.LocalAssignStmt{Exprs: s.Rhs}
	at(targets)
	at(values)
	var assign []ast.Stmt
	for i, left := range s.Lhs {
		values.Names = append(values.Names, name("value", i))
		if table, ok := left.(*ast.AttrGetExpr); ok {
			targets.Names = append(targets.Names, name("table", i), name("key", i))
			targets.Exprs = append(targets.Exprs, table.Object, table.Key)
			get := &ast.AttrGetExpr{Object: ident(name("table", i)), Key: ident(name("key", i))}
			at(get)
			left = get
		}
		one := &ast.AssignStmt{Lhs: []ast.Expr{left}, Rhs: []ast.Expr{ident(name("value", i))}}
		at(one)
		assign = append([]ast.Stmt{one}, assign...)
	}
	if len(targets.Names) > 0 {
		block.Stmts = append(block.Stmts, targets)
	}
	block.Stmts = append(append(block.Stmts, values), assign...)
	return block
}
