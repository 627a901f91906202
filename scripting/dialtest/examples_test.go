package dialtest_test

import (
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"asterism/plugins"
)

// examplePhones are the endpoints of the examples in READMEs.
const examplePhones = `[trunk]
type = endpoint
context = incoming
[100](!)
type = endpoint
context = internal
[100](100)
[101](100)
[102](100)
[103](100)
`

// TestExamples runs the examples of plugins' READMEs: a fenced text that begins with `-- extensions.lua` is a dialplan, and the
// `-- extensions_test.lua` after it holds its tests.
func TestExamples(t *testing.T) {
	files, err := fs.Glob(plugins.FS, "*/README.md")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	ran := 0
	for _, file := range files {
		text, err := fs.ReadFile(plugins.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		dialplan := ""
		for _, block := range strings.Split(string(text), "```lua\n")[1:] {
			block, _, _ = strings.Cut(block, "```")
			switch name, _, _ := strings.Cut(block, "\n"); name {
			case "-- extensions.lua":
				dialplan = block
			case "-- extensions_test.lua":
				ran++
				runAll(t, path.Dir(file), fstest.MapFS{"extensions.lua": {Data: []byte(dialplan)}, "extensions_test.lua": {Data: []byte(block)},
					"pjsip.conf": {Data: []byte(examplePhones)}})
			}
		}
	}
	if ran < 2 {
		t.Errorf("%d examples with tests", ran)
	}
}
