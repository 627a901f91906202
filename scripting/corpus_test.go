package scripting

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// corpus is snippets whose output here must be that of C Lua 5.1: what dialplans do with texts, numbers and patterns.
const corpusFile = "testdata/corpus.lua"

// TestCorpus runs every snippet of the corpus (parted by lines of dashes) here and in lua5.1, and compares what they print.
func TestCorpus(t *testing.T) {
	lua51, err := exec.LookPath("lua5.1")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("lua5.1 is missing; Debian has it")
		}
		t.Skip("lua5.1 is missing")
	}
	text, err := os.ReadFile(corpusFile)
	if err != nil {
		t.Fatal(err)
	}
	snippets := strings.Split(string(text), "\n----\n")
	if len(snippets) < 100 {
		t.Errorf("only %d snippets", len(snippets))
	}
	// The same harness on both sides: everything printed, errors without their place.
	const harness = `
local out = {}
local function show(...)
  local n = select("#", ...)
  for i = 1, n do out[#out + 1] = tostring((select(i, ...))) .. (i < n and "|" or "") end
  out[#out + 1] = "\n"
end
local f, err = loadstring(SNIPPET, "=snippet")
if not f then show("does not compile") else
  setfenv(f, setmetatable({ show = show }, { __index = _G }))
  local ok, err = pcall(f)
  if not ok then show("error") end
end
`
	var c strings.Builder
	for _, s := range snippets {
		c.WriteString("do local SNIPPET = " + quoted(s) + harness + "io.write(table.concat(out), '\\1') end\n")
	}
	cmd := exec.Command(lua51, "-")
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.Stdin = strings.NewReader(c.String())
	cOut, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(cOut), "\x01")
	for i, s := range snippets {
		ch, err := newBench(t, nil).script("local SNIPPET = " + quoted(s) + harness + "channel.OUT = table.concat(out)")
		if err != nil {
			t.Errorf("snippet %d: %v\n%s", i, err, s)
			continue
		}
		if got := get(t, ch, "OUT"); got != want[i] {
			t.Errorf("snippet %d:\n%s\n got %q\nwant %q", i, s, got, want[i])
		}
	}
}
