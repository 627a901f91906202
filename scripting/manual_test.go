package scripting

import (
	"strings"
	"testing"
)

// Every shipped application and function says in its table what it is for, and in its plugin's README.md how it is written.
func TestShippedManuals(t *testing.T) {
	g := newBench(t, nil).load(dialplanFile, "extensions = {}")
	check := func(kind string, list []Summary) {
		if len(list) == 0 {
			t.Errorf("no %s at all", kind)
		}
		for _, s := range list {
			if s.Synopsis == "" {
				t.Errorf("%s %s (plugin %s): no synopsis", kind, s.Name, s.Plugin)
			}
			p := g.pluginOf(kind, s.Name)
			if !strings.Contains(manualSection(p.manual, s.Name), s.Name) {
				t.Errorf("%s %s: plugins/%s/README.md has no section `### %[2]s` with its syntax, and no list item or row that begins with it", kind, s.Name, s.Plugin)
			}
		}
	}
	check("application", g.Applications())
	check("function", g.Functions())
}

func (g *Generation) pluginOf(kind, name string) *plugin {
	if kind == "function" {
		return g.functions[name].plugin
	}
	return g.applications[strings.ToLower(name)].plugin
}

func TestManualSection(t *testing.T) {
	const manual = "# x\n\n### Dial\n`Dial(a[,b])`\n\n#### Options\nmany\n\n### Other ###\n- `Wait(seconds)` – waits,\n  and waits\n- `Waits(x)` – not this\n| `LEN(text)` `IF(a?b:c)` | both |\n"
	for name, want := range map[string]string{
		"Dial": "`Dial(a[,b])`\n\n#### Options\nmany",
		"wait": "`Wait(seconds)` – waits,\n  and waits",
		"IF":   "`LEN(text)` `IF(a?b:c)` | both",
		"Gone": "",
	} {
		if got := manualSection(manual, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	b := newBench(t, nil)
	g := b.load(dialplanFile, "extensions = {}", "plugins/hello.lua", "--- Hello(name): greets.\n-- As often as asked.\nreturn { applications = { Hello = function() end } }",
		"plugins/two/init.lua", `return { applications = { One = { run = function() end, synopsis = "First" } } }`, "plugins/two/README.md", "# two\n\n### One\n`One(x)`\n\n### Two\nno")
	for _, tt := range []struct{ kind, name, want string }{
		{"application", "hello", "Hello\n\nHello(name): greets.\nAs often as asked.\n\nFrom the plugin hello."},
		{"application", "ONE", "First\n\n`One(x)`\n\nFrom the plugin two."},
		{"function", "len", "From the plugin strings."},
	} {
		if got, ok := g.Describe(tt.kind, tt.name); !ok || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if _, ok := g.Describe("application", "nope"); ok {
		t.Error("described what is not there")
	}
}
