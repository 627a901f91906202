package scripting

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"asterism/engine/config"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// maxSource bounds one Lua file, in bytes; the parser's stack grows with it.
const maxSource = 1 << 20

// chunk is one compiled Lua file, shared by all states.
type chunk struct {
	file   string
	proto  *lua.FunctionProto
	source string     // for messages that show a line
	tree   []ast.Stmt // for positions (locate.go); dropped after Load
	lines  []int      // of statements in functions, if they are traced
}

// syntaxError is a Lua file that does not compile.
type syntaxError struct{ config.Problem }

// compile makes a chunk of src. file is how messages name it.
func compile(file, src string) (*chunk, error) {
	fail := func(line int, what string) error {
		return &syntaxError{config.Problem{Pos: config.Pos{File: file, Line: line}, What: what}}
	}
	if len(src) > maxSource {
		return nil, fail(0, fmt.Sprintf("file of %d bytes; at most %d", len(src), maxSource))
	}
	if strings.HasPrefix(src, "#") { // as lua does for scripts; the line stays, empty
		line, rest, _ := strings.Cut(src, "\n")
		src = strings.Repeat(" ", len(line)) + "\n" + rest
	}
	src = strings.TrimPrefix(src, "\ufeff")
	source := src
	text, standIn, tooDeep := nameGotos(src)
	if tooDeep > 0 {
		return nil, fail(tooDeep, fmt.Sprintf("more than %d brackets and blocks within each other", maxNesting))
	}
	tree, err := parse.Parse(strings.NewReader(text), file)
	if err == nil && standIn != "" {
		nameBack(tree, standIn)
	}
	if err != nil {
		line, what, want := parserMessage(err, text)
		if standIn != "" {
			what, want = strings.ReplaceAll(what, standIn, "goto"), strings.ReplaceAll(want, standIn, "goto")
		}
		return nil, &syntaxError{config.Problem{Pos: config.Pos{File: file, Line: line}, What: what, Want: want}}
	}
	assignAtOnce(tree)
	proto, err := compileTree(tree, file)
	if err != nil {
		var ce *lua.CompileError
		if errors.As(err, &ce) {
			if m := lineInMessage.FindStringSubmatch(ce.Message); m != nil { // of a goto: Line is the function's end
				line, _ := strconv.Atoi(m[1])
				return nil, fail(line, strings.TrimSuffix(ce.Message, m[0]))
			}
			return nil, fail(ce.Line, ce.Message)
		}
		return nil, fail(0, err.Error())
	}
	return &chunk{file: file, proto: proto, source: source, tree: tree}, nil
}

// compileTree is lua.Compile, with small tables and small code.
func compileTree(tree []ast.Stmt, file string) (*lua.FunctionProto, error) {
	proto, err := lua.Compile(tree, file)
	if err == nil {
		shrinkTables(proto)
		shrinkCode(proto)
		proto.IsVarArg &^= lua.VarArgNeedsArg // a chunk has no `arg`; the interpreter makes the table all the same, 2 kB each time
	}
	return proto, err
}

// shrinkCode keeps of each function what it has. The compiler gives each room for 1024 instructions, 12 kB, and most have thirty:
// as many megabytes would live as long as the generation.
func shrinkCode(p *lua.FunctionProto) {
	p.Code, p.DbgSourcePositions = slices.Clone(p.Code), slices.Clone(p.DbgSourcePositions)
	p.Constants, p.DbgLocals = slices.Clone(p.Constants), slices.Clone(p.DbgLocals)
	p.DbgCalls, p.DbgUpvalues = slices.Clone(p.DbgCalls), slices.Clone(p.DbgUpvalues)
	for _, inner := range p.FunctionPrototypes {
		shrinkCode(inner)
	}
}

// shrinkTables gives each {} of the code room for one name and four numbered values before it grows. The interpreter's own choice,
// made at the first value, is room for 32 of each: 2.5 kB for the many tables of a plugin that never hold more than a handful.
//
//	opcode 6 bits │ A 8 bits │ C 9 bits: names │ B 9 bits: values
func shrinkTables(p *lua.FunctionProto) {
	for i, instruction := range p.Code {
		if int(instruction>>26) == lua.OP_NEWTABLE && instruction&(1<<18-1) == 0 {
			p.Code[i] = instruction | 1<<9 | 4
		}
	}
	for _, inner := range p.FunctionPrototypes {
		shrinkTables(inner)
	}
}

var lineInMessage = regexp.MustCompile(` at line (\d+)$`)

// parserMessage takes the parser's error apart: at the end of the file it knows no line, and elsewhere the column where the token ends.
// What should stand there instead is said if that can be told.
func parserMessage(err error, src string) (line int, what, want string) {
	var pe *parse.Error
	if !errors.As(err, &pe) {
		return 0, strings.TrimSpace(err.Error()), ""
	}
	what = strings.Replace(strings.TrimSpace(pe.Message), "parse error", "syntax error", 1)
	unterminated := strings.HasPrefix(what, "unterminated")
	if pe.Pos.Line == parse.EOF {
		if !unterminated {
			want = expected(src, "", len(src))
		}
		return strings.Count(src, "\n") + 1, what + " at the end of the file", want
	}
	if pe.Pos.Column == 0 && pe.Pos.Line > 1 && unterminated {
		return pe.Pos.Line - 1, fmt.Sprintf("%s near %q", what, pe.Token), "" // it has read the line's end already
	}
	column, before := pe.Pos.Column, 0
	rest := src
	for range pe.Pos.Line - 1 {
		length := strings.IndexByte(rest, '\n') + 1
		before, rest = before+length, rest[length:]
	}
	for _, length := range []int{len(pe.Token), len(pe.Token) + 2} { // a string's token is without its quotes
		if at := column - length; at >= 0 && at <= len(rest) && strings.HasPrefix(strings.TrimLeft(rest[at:], `"'`), pe.Token) {
			column = at + 1
			break
		}
	}
	what = fmt.Sprintf("%s near %q (column %d)", what, pe.Token, column)
	if !unterminated {
		want = expected(src, pe.Token, before+column-1)
	}
	return pe.Pos.Line, what, want
}

// nameBack turns the stand-in of nameGotos into "goto" wherever the tree has it.
func nameBack(tree []ast.Stmt, standIn string) {
	walk(reflect.ValueOf(tree), func(v reflect.Value) {
		if v.Kind() == reflect.String && v.CanSet() && v.String() == standIn {
			v.SetString("goto")
		}
	})
}

// walk calls f for every value beneath v, outside in. The tree has two dozen types of nodes; only their values matter here.
func walk(v reflect.Value, f func(reflect.Value)) {
	f(v)
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				walk(v.Field(i), f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), f)
		}
	}
}
