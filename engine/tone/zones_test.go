package tone

import (
	"strings"
	"testing"
	"testing/fstest"

	"asterism/engine/config"
)

// TestCountries: every row reads, loops or ends as its kind of tone does, and is all there.
func TestCountries(t *testing.T) {
	for _, c := range countries() {
		for name, text := range c.lists() {
			list, err := Parse(text)
			if err != nil {
				t.Errorf("%s %s: %v", c.name, name, err)
				continue
			}
			if got, ok := Builtin().Tone(c.name, name); !ok || got.String() != list.String() {
				t.Errorf("%s %s is %q in Builtin, want %q", c.name, name, got, text)
			}
			if name != "info" && name != "callwaiting" && list.repeat() < 0 && c.more[name] == "" {
				t.Errorf("%s %s ends: %s", c.name, name, text)
			}
		}
	}
	for _, name := range []string{"at", "au", "ch", "de", "es", "fr", "it", "jp", "nl", "uk", "us"} {
		if !Builtin().Has(name) {
			t.Errorf("%s is missing", name)
		}
	}
	if got := len(Builtin().Countries()); got != len(countries()) {
		t.Errorf("%d countries of %d rows: one is there twice", got, len(countries()))
	}
}

func TestBuiltin(t *testing.T) {
	for _, tt := range []struct{ country, name, want string }{
		{"us", "ring", "440+480/2000,0/4000"},
		{"US", "Busy", "480+620/500,0/500"},
		{"", "ring", "440+480/2000,0/4000"},
		{"atlantis", "congestion", "480+620/250,0/250"},
		{"de", "busy", "425/480,0/480"},
		{"uk", "ring", "400+450/400,0/200,400+450/400,0/2000"},
		{"uk", "unobtainable", "400"},
		{"fr", "ring", "440/1500,0/3500"},
		{"ch", "stutter", "425+340/1100,0/1100"},
		{"de", "dialrecall", "!425/100,!0/100,!425/100,!0/100,!425/100,!0/100,425"},
	} {
		if got, ok := Builtin().Tone(tt.country, tt.name); !ok || got.String() != tt.want {
			t.Errorf("%s %s is %q, want %q", tt.country, tt.name, got, tt.want)
		}
	}
	if got, ok := Builtin().Tone("us", "unobtainable"); ok {
		t.Errorf("us has %q", got)
	}
}

func load(t *testing.T, text string) (*Zones, string) {
	t.Helper()
	snap, problems := config.Load(fstest.MapFS{"indications.conf": {Data: []byte(text)}}, config.LoadOptions{})
	for _, p := range problems {
		t.Error(p.Error())
	}
	z, problems := Load(snap.File("indications.conf"))
	var all strings.Builder
	for _, p := range problems {
		all.WriteString(p.Error() + "\n")
	}
	return z, all.String()
}

func TestLoad(t *testing.T) {
	z, problems := load(t, `[general]
country = DE ; our office
[european](!)
busy = 425/500,0/500
[de](european)
description = Germany
ringcadence = 1000,4000
ring = 440/100,0/100
office = 600
[xx]
dial => 333
`)
	if problems != "" {
		t.Error(problems)
	}
	for _, tt := range []struct{ country, name, want string }{
		{"de", "ring", "440/100,0/100"},
		{"de", "busy", "425/500,0/500"},
		{"de", "congestion", "425/240,0/240"}, // as built in
		{"", "ring", "440/100,0/100"},
		{"us", "ring", "440+480/2000,0/4000"},
		{"us", "office", "600"}, // the default's
		{"xx", "dial", "333"},
		{"xx", "busy", "425/500,0/500"},
	} {
		if got, ok := z.Tone(tt.country, tt.name); !ok || got.String() != tt.want {
			t.Errorf("%s %s is %q, want %q", tt.country, tt.name, got, tt.want)
		}
	}
	if z.Default() != "de" || !z.Has("XX") || z.Has("european") {
		t.Errorf("default %s, zones %v", z.Default(), z.Countries())
	}
	if got, _ := Builtin().Tone("de", "ring"); got.String() != "425/1000,0/4000" || Builtin().Has("xx") {
		t.Error("the built-in table has changed")
	}
}

func TestLoadProblems(t *testing.T) {
	z, problems := load(t, `[general]
country=atlantis
[de]
busy=425/4x0,0/480
ringcadence=1000,often
not an option
`)
	for _, want := range []string{
		`indications.conf:2: country "atlantis": no such zone; add a section [atlantis], or take one of at au`,
		`indications.conf:4: zone "de": busy: tone list: element 1 "425/4x0": milliseconds "4x0" is no whole number; as in busy=`,
		`indications.conf:5: zone "de": ringcadence: "often" is no number of milliseconds`,
		`indications.conf:6: `,
	} {
		if !strings.Contains(problems, want) {
			t.Errorf("no %s in\n%s", want, problems)
		}
	}
	if got, _ := z.Tone("", "busy"); z.Default() != "us" || got.String() != "480+620/500,0/500" {
		t.Errorf("default %s, busy %q", z.Default(), got)
	}
	if got, _ := z.Tone("de", "busy"); got.String() != "425/480,0/480" {
		t.Errorf("a list that cannot be read took the place of %q", got)
	}
	if z, problems := Load(nil); z != Builtin() || problems != nil {
		t.Error("without a file it is not Builtin")
	}
}
