package event

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"testing"
)

// Facts lists every struct of facts.go that says when it happened.
func TestFactsIsComplete(t *testing.T) {
	listed := map[string]bool{}
	for _, f := range Facts() {
		listed[reflect.TypeOf(f).Name()] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "facts.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		st, ok := spec.Type.(*ast.StructType)
		if ok && len(st.Fields.List) > 0 && st.Fields.List[0].Names[0].Name == "At" && !listed[spec.Name.Name] {
			t.Errorf("%s is not in Facts()", spec.Name.Name)
		}
		return false
	})
}
