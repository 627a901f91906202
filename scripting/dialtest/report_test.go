package dialtest_test

import (
	"bytes"
	"encoding/xml"
	"io/fs"
	"regexp"
	"testing"
	"testing/fstest"

	"asterism/plugins"
	"asterism/scripting/dialtest"
)

var reported = fstest.MapFS{
	"pjsip.conf": {Data: []byte("[100]\ntype=endpoint\ncontext=internal\n")},
	"extensions.lua": {Data: []byte(`extensions = { internal = { ["1"] = function()
  app.NoOp(tostring(math.random(1000000)) .. " " .. tostring(math.random(1000000)))
  app.Hangup()
end,
["2"] = function()
  app.GotoIfTime("22:00-23:00,*,*,*?late,1")
  app.NoOp("early " .. channel.STRFTIME(channel.EPOCH:get(), "", "%H:%M"):get())
end,
["3"] = function()
  channel.DEVICE_STATE("Custom:door"):set("INUSE")
  app.NoOp("door " .. channel.DEVICE_STATE("Custom:door"):get() .. ", 100 " .. channel.DEVICE_STATE("PJSIP/100"):get() .. ", 9 " .. channel.DEVICE_STATE("PJSIP/9"):get())
end,
late = function() app.NoOp("late") end } }
`)},
	"extensions_test.lua": {Data: []byte(`test("draws", function(t) t:expect(t:call { from = "100", to = "1" }):ends() end)
test("fails & <tells>", function(t) t:equal(1, 2) end)
test("day", function(t)
  t:clock("2026-03-02 12:34")
  t:expect(t:call { from = "100", to = "2" }):ends()
  t:contains(t:story(), "early 12:34")
end)
test("devices", function(t)
  t:expect(t:call { from = "100", to = "3" }):ends()
  t:contains(t:story(), "NoOp(door INUSE, 100 INUSE, 9 INVALID)")
end)
test("night", function(t)
  t:clock("2026-03-02 22:10")
  t:expect(t:call { from = "100", to = "2" }):ends()
  t:contains(t:story(), "runs NoOp(late)")
end)
`)},
}

func runReported(t *testing.T, seed uint64, name string) *dialtest.Report {
	t.Helper()
	var out bytes.Buffer
	r, err := dialtest.Run(dialtest.Options{Setting: dialtest.Setting{Etc: reported, Plugins: []fs.FS{plugins.FS}, Seed: seed}, Run: regexp.MustCompile(name), Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSeed: the same seed tells the same story, another one another.
func TestSeed(t *testing.T) {
	one, again, other := runReported(t, 7, "draws"), runReported(t, 7, "draws"), runReported(t, 8, "draws")
	if one.Results[0].Story != again.Results[0].Story {
		t.Errorf("seed 7 told\n%s\nand then\n%s", one.Results[0].Story, again.Results[0].Story)
	}
	if one.Results[0].Story == other.Results[0].Story {
		t.Errorf("seeds 7 and 8 both told\n%s", one.Results[0].Story)
	}
}

// TestTimeOfDay: GotoIfTime, STRFTIME and EPOCH go by t:clock.
func TestTimeOfDay(t *testing.T) {
	for _, r := range runReported(t, 1, "day|night").Results {
		if len(r.Failures) > 0 {
			t.Errorf("%s: %q\n%s", r.Name, r.Failures, r.Story)
		}
	}
}

// TestDevices: phones have the state they are in, Custom: devices the one they were given.
func TestDevices(t *testing.T) {
	for _, r := range runReported(t, 1, "devices").Results {
		if len(r.Failures) > 0 {
			t.Errorf("%s: %q\n%s", r.Name, r.Failures, r.Story)
		}
	}
}

// TestJUnit reads the XML as a CI server does.
func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := runReported(t, 1, "draws|fails").JUnit(&b); err != nil {
		t.Fatal(err)
	}
	var suite struct {
		XMLName  xml.Name `xml:"testsuite"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Cases    []struct {
			Name    string `xml:"name,attr"`
			Line    int    `xml:"line,attr"`
			Failure *struct {
				Message string `xml:"message,attr"`
			} `xml:"failure"`
		} `xml:"testcase"`
	}
	if err := xml.Unmarshal(b.Bytes(), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Tests != 2 || suite.Failures != 1 || len(suite.Cases) != 2 || suite.Cases[0].Failure != nil || suite.Cases[1].Failure == nil {
		t.Fatalf("%+v of\n%s", suite, &b)
	}
	if c := suite.Cases[1]; c.Name != "fails & <tells>" || c.Line != 2 || c.Failure.Message != "extensions_test.lua:2: got 1, want 2" {
		t.Errorf("the failed one: %q line %d %q", c.Name, c.Line, c.Failure.Message)
	}
}
