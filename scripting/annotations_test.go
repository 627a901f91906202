package scripting

import (
	"flag"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"asterism/plugins"

	lua "github.com/yuin/gopher-lua"
)

var update = flag.Bool("update", false, "rewrite generated files")

const annotationsFile = "../plugins/pbx.d.lua"

func TestAnnotationsAreCurrent(t *testing.T) {
	text, err := Annotations(plugins.FS)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(annotationsFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(annotationsFile)
	if err != nil || string(got) != text {
		t.Errorf("%s is not what the API's tables say (%v); run `go generate ./scripting`", annotationsFile, err)
	}
	if _, err := compile("pbx.d.lua", text); err != nil {
		t.Errorf("not Lua: %v", err)
	}
}

// What a plugin offers others is annotated, name by name, and the reverse.
func TestPluginModulesAreAnnotated(t *testing.T) {
	g := newBench(t, nil).load(dialplanFile, "extensions = {}")
	for name, p := range g.plugins {
		text, err := fs.ReadFile(plugins.FS, name+"/"+name+".d.lua")
		if (err == nil) != p.module {
			t.Errorf("plugin %s: module %v, but %s.d.lua: %v", name, p.module, name, err)
		}
		if !p.module {
			continue
		}
		c := g.newState(nil, &g.host.cfg.Log)
		var offered []string
		for f := range fields(c.plugin(c.l, p).table.RawGetString("module").(*lua.LTable)) {
			offered = append(offered, f)
		}
		c.close()
		var annotated []string
		_, class, _ := strings.Cut(string(text), "---@class pbx."+name+"\n")
		class, _, _ = strings.Cut(class, "\n\n")
		for _, m := range regexp.MustCompile(`(?m)^---@field (\w+) fun\(`).FindAllStringSubmatch(class, -1) {
			annotated = append(annotated, m[1])
		}
		slices.Sort(offered)
		slices.Sort(annotated)
		if !slices.Equal(offered, annotated) {
			t.Errorf("pbx.%s has %v, %[1]s.d.lua tells of %v", name, offered, annotated)
		}
	}
}

func TestPluginModule(t *testing.T) {
	b := newBench(t, nil)
	b.load(dialplanFile, `local pbx = require "pbx"
assert(pbx.hello.greet("you") == "hello you")
assert(pbx.nothing == nil)
extensions = {}`,
		"plugins/hello.lua", `return { module = { greet = function(name) return "hello " .. name end } }`,
		"plugins/other.lua", `local pbx = require "pbx" return { applications = { Two = function() return pbx.hello.greet("") end } }`)
	for text, want := range map[string]string{
		`return { module = 5 }`:                      "module is a number; write a table of functions",
		`return { module = { a = 5 } }`:              "module.a is a number; write a function",
		`return { module = { a = function() end } }`: "pbx.time is there already",
	} {
		_, problems := b.host.Load(files(dialplanFile, "extensions = {}", "plugins/time.lua", text), nil)
		if len(problems) == 0 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("%s: %v, want %q", text, problems, want)
		}
	}
}

// Every entry of the tables is complete and there once, and a script can reach it.
func TestAPITables(t *testing.T) {
	seen := map[string]bool{}
	check := func(name, signature, doc string, works bool) {
		if seen[name] || name == "" || !strings.HasPrefix(signature, "(") || !strings.HasSuffix(doc, ".") || !works {
			t.Errorf("%s %s %q: incomplete or twice", name, signature, doc)
		}
		seen[name] = true
	}
	for _, m := range channelMethods() {
		check("chan:"+m.name, m.signature, m.doc, m.run != nil)
	}
	for _, f := range hostFunctions() {
		check("pbx."+f.name, f.signature, f.doc, f.make != nil)
		parts := strings.NewReplacer(":", ".").Replace(f.name)
		if _, err := newBench(t, nil).script(`local pbx = require "pbx"; assert(type(pbx.` + parts + `) == "function")`); err != nil {
			t.Errorf("pbx.%s: %v", f.name, err)
		}
	}
}
