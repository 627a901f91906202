package scripting

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite generated files")

const annotationsFile = "../plugins/pbx.d.lua"

func TestAnnotationsAreCurrent(t *testing.T) {
	text := Annotations()
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
