package dialtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"asterism/engine/sound"
	"asterism/plugins"
	"asterism/scripting"
	"asterism/scripting/dialtest"
	"asterism/sounds"

	luaast "github.com/yuin/gopher-lua/ast"
)

// family is the beginning of a prompt's name that tells it from other words: "vm-", "digits/".
var family = regexp.MustCompile(`^([A-Za-z0-9]+[-/])[A-Za-z0-9_-]*[A-Za-z0-9]$`)

// noPrompts are texts of our own that look like names of prompts.
var noPrompts = map[string]string{
	"from-num": "an item of REDIRECTING", "from-number": "an item of REDIRECTING", "no-password": "an argument of DISA",
	"followme-legs": "a name in shared memory", "followme/names": "a folder of recordings",
}

// TestPromptsOfPlugins: every prompt that a plugin or the engine names is built in.
func TestPromptsOfPlugins(t *testing.T) {
	library := sound.NewLibrary([]fs.FS{sounds.FS}, 1<<20)
	families := map[string]bool{}
	_ = fs.WalkDir(sounds.FS, "en", func(file string, _ fs.DirEntry, _ error) error {
		if m := family.FindStringSubmatch(strings.TrimSuffix(strings.TrimPrefix(file, "en/"), ".opus")); m != nil {
			families[m[1]] = true
		}
		return nil
	})
	if len(families) < 40 {
		t.Fatalf("%d families of prompts", len(families))
	}
	seen := 0
	named := func(where, text string, played bool) {
		for name := range strings.SplitSeq(text, "&") {
			m := family.FindStringSubmatch(name)
			if !played && (m == nil || !families[m[1]]) || noPrompts[name] != "" || name == "" || strings.HasPrefix(name, "/") {
				continue
			}
			seen++
			if !library.Has(name, "en") {
				t.Errorf("%s: %q is no prompt of sounds/prompts.tsv (if it is none at all, say so in noPrompts)", where, name)
			}
		}
	}
	luaPrompts(t, named)
	before := seen
	goPrompts(t, "../../engine", named)
	goPrompts(t, "../../scripting", named)
	if seen == before {
		t.Error("Go names no prompt: opens has to be brought up to date")
	}
	if seen < 200 {
		t.Errorf("only %d prompts are named", seen)
	}
}

// luaPrompts finds the texts of the plugins' Lua: all that look like a prompt, and those that are played.
func luaPrompts(t *testing.T, named func(where, text string, played bool)) {
	_ = fs.WalkDir(plugins.FS, ".", func(file string, d fs.DirEntry, _ error) error {
		if path.Ext(file) != ".lua" || strings.HasSuffix(file, "_test.lua") || strings.HasSuffix(file, ".d.lua") {
			return nil
		}
		if dir, base := path.Split(file); dir == "say/languages/" && base != "en.lua" {
			return nil // recordings of other languages are the site's
		}
		src, err := fs.ReadFile(plugins.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := scripting.Parse(file, string(src))
		if err != nil {
			t.Fatal(err)
		}
		scripting.Inspect(tree, func(node any) {
			switch n := node.(type) {
			case *luaast.StringExpr:
				if !strings.ContainsAny(n.Value, "<=>") { // the words of a language
					named(file, n.Value, false)
				}
			case *luaast.FuncCallExpr:
				if n.Method != "play" && n.Method != "start_play" || len(n.Args) == 0 {
					return
				}
				if s, ok := n.Args[0].(*luaast.StringExpr); ok {
					named(file, s.Value, true)
				}
			}
		})
		return nil
	})
}

// opens are the functions that open sounds by their names.
var opens = map[string]bool{"openSounds": true, "openSoundsIn": true, "OpenAt": true, "OpenDefault": true}

// goPrompts finds the names that Go below dir opens sounds by. Tests do not count.
func goPrompts(t *testing.T, dir string, named func(where, text string, played bool)) {
	files := token.NewFileSet()
	_ = fs.WalkDir(os.DirFS(dir), ".", func(file string, d fs.DirEntry, _ error) error {
		if path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		tree, err := parser.ParseFile(files, path.Join(dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			of, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !opens[of.Sel.Name] {
				return true
			}
			for _, arg := range call.Args {
				ast.Inspect(arg, func(n ast.Node) bool {
					if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
						if text, err := strconv.Unquote(lit.Value); err == nil {
							named(path.Join(dir, file), text, true)
						}
					}
					return true
				})
			}
			return true
		})
		return nil
	})
}

// TestEnglishWords: every prompt that the words of English are made of is built in, of numbers up to a thousand million, of a year's days, of
// a day's minutes, and of every letter.
func TestEnglishWords(t *testing.T) {
	etc := fstest.MapFS{"pjsip.conf": {Data: []byte(examplePhones)}, "extensions.lua": {Data: []byte(`local pbx = require "pbx"
local function look(list)
  for _, name in ipairs(list) do
    if not pbx.has_prompt(name, "en") then channel.MISSING = name end
  end
end
extensions = { internal = { ["1"] = function()
  local n, step = 0, 1
  while n <= 1e9 do
    look(pbx.say.number(n, "en")) look(pbx.say.ordinal(n + 1, "en"))
    n = n + step
    if n > 120 then step = math.floor(n / 5) end
  end
  for day = 0, 366 do look(pbx.say.moment(1767225600 + day * 86400 + day * 237, "UTC", "ABdY 'digits/at' IMSp HN", "en")) end
  look(pbx.say.moment(-2208988800, "UTC", "Y", "en"))
  look(pbx.say.moment(-2008988800, "UTC", "Y", "en"))
  look(pbx.say.moment(pbx.time.now() - 86400, "UTC", "Q", "en"))
  look(pbx.say.moment(pbx.time.now(), "UTC", "Q", "en"))
  local all = "abcdefghijklmnopqrstuvwxyzABC0123456789!@$*=+/ .-#"
  look(pbx.say.letters(all, "en")) look(pbx.say.phonetic(all, "en")) look(pbx.say.digits("0123456789*#-", "en"))
  look { pbx.say.noun(0, "vm-message", "en"), pbx.say.noun(1, "vm-message", "en"), pbx.say.noun(2, "vm-message", "en") }
  channel.DONE = "yes"
end } }`)}, "extensions_test.lua": {Data: []byte(`test("all there", function(t)
  local call = t:call { from = "100", to = "1" }
  t:expect(call):ends()
  t:equal(call:variable("MISSING"), nil)
  t:equal(call:variable("DONE"), "yes")
end)`)}}
	library := sound.NewLibrary([]fs.FS{sounds.FS}, 1<<20)
	report, err := dialtest.Run(dialtest.Options{Setting: dialtest.Setting{Etc: etc, Plugins: []fs.FS{plugins.FS}, Sounds: library}, Out: os.Stdout})
	if err != nil || report.Failed() > 0 {
		t.Error(err, report.Failed())
	}
}

// TestDefaultLanguage: a channel that is given no language has that of asterisk.conf, and its numbers are said in that.
func TestDefaultLanguage(t *testing.T) {
	runAll(t, "language", fstest.MapFS{
		"asterisk.conf": {Data: []byte("[options]\ndefaultlanguage = fr\n")},
		"pjsip.conf":    {Data: []byte(examplePhones + "[200](100)\nlanguage = en\n")},
		"extensions.lua": {Data: []byte(`extensions = { internal = { ["1"] = function()
  channel.SEEN = channel.CHANNEL("language"):get()
  app.Answer()
  app.SayNumber(71)
end } }`)},
		"extensions_test.lua": {Data: []byte(`
test("the default", function(t)
  t:sound("digits/et", 1)
  local call = t:call { from = "100", to = "1" }
  t:expect(call):hears("digits/60"):hears("digits/et"):hears("digits/11"):ends()
  t:equal(call:variable("SEEN"), "fr")
end)
test("the endpoint's own", function(t)
  local call = t:call { from = "200", to = "1" }
  t:expect(call):hears("digits/70"):hears("digits/1"):ends()
  t:equal(call:variable("SEEN"), "en")
end)
test("French that is not recorded", function(t)
  t:expect(t:call { from = "100", to = "1" }):hears("digits/70"):hears("digits/1"):ends()
end)`)},
	})
}
