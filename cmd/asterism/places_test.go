package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"asterism/engine/config"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindPlaces(t *testing.T) {
	dir := t.TempDir()
	named := write(t, filepath.Join(dir, "named", "asterisk.conf"), "[directories]\nastrundir => /r\nastvarlibdir => /v\nastlogdir => /l\n")
	bare := write(t, filepath.Join(dir, "pbx", "etc", "asterisk.conf"), "[options]\nverbose = 2\n")
	plain := write(t, filepath.Join(dir, "plain", "asterisk.conf"), "")
	below := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	for _, tt := range []struct {
		name, conf, etc, data           string
		wantEtc, socket, db, log, data2 string
	}{
		{"asterisk.conf names them", named, "", "", below("named"), "/r/asterisk.ctl", "/v", "/l", "/v"},
		{"data fills what it does not name", named, "", below("d"), below("named"), "/r/asterisk.ctl", "/v", "/l", "/v"},
		{"data", "", below("plain"), below("d"), below("plain"), below("d", "asterisk.ctl"), below("d", "data"), below("d", "log"), below("d", "data")},
		{"beside a directory called etc", bare, "", "", below("pbx", "etc"), below("pbx", "asterisk.ctl"), below("pbx", "data"), below("pbx", "log"), below("pbx", "data")},
		{"the system's", plain, "", "", below("plain"), "/var/run/asterisk/asterisk.ctl", "/var/lib/asterisk", "/var/log/asterisk", "/usr/share/asterisk"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := findPlaces(tt.conf, tt.etc, tt.data)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{p.dirs.Etc, p.socket, p.dirs.DB, p.dirs.Log, p.dirs.Data}
			want := []string{tt.wantEtc, tt.socket, tt.db, tt.log, tt.data2}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("got  %q\nwant %q", got, want)
					break
				}
			}
		})
	}
	elsewhere := write(t, below("elsewhere", "asterisk.conf"), "[directories]\nastetcdir => "+below("pbx", "etc")+"\n[options]\nsystemname = x\n")
	write(t, below("pbx", "etc", "cdr.conf"), "[csv]\nloguniqueid=yes\n")
	if p, err := findPlaces(elsewhere, "", ""); err != nil || !p.snapshot.CDR.CSV.LogUniqueID || p.snapshot.Asterisk.SystemName != "x" {
		t.Errorf("asterisk.conf elsewhere: %+v, %v", p.snapshot.CDR, err)
	}
	if _, err := findPlaces("", below("nowhere"), ""); err == nil || !strings.Contains(err.Error(), "asterism init") {
		t.Errorf("a missing directory: %v", err)
	}
}

func TestInitialize(t *testing.T) {
	demo := fstest.MapFS{
		"pjsip.conf":          {Data: []byte("a=@PASSWORD100@\nb=@PASSWORD101@\nagain=@PASSWORD100@\n")},
		"voicemail.conf":      {Data: []byte("100 => @PIN100@\n")},
		"extensions.lua":      {Data: []byte("extensions = {}\n")},
		"plugins/x/init.lua":  {Data: []byte("return {}\n")},
		"plugins/x/README.md": {Data: []byte("x\n")},
	}
	dir := filepath.Join(t.TempDir(), "new", "etc")
	if err := initialize(dir, demo); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "pjsip.conf"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`^a=([a-z2-7]{16})\nb=([a-z2-7]{16})\nagain=([a-z2-7]{16})\n$`).FindSubmatch(text)
	if m == nil || string(m[1]) == string(m[2]) || string(m[1]) != string(m[3]) {
		t.Errorf("passwords: %q", text)
	}
	if pin, err := os.ReadFile(filepath.Join(dir, "voicemail.conf")); err != nil || !regexp.MustCompile(`^100 => [0-9]{6}\n$`).Match(pin) {
		t.Errorf("PIN: %q, %v", pin, err)
	}
	for name, mode := range map[string]os.FileMode{"pjsip.conf": 0o600, "voicemail.conf": 0o600, "extensions.lua": 0o644, "plugins/x/init.lua": 0o644} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want %v", name, info, err, mode)
		}
	}
	if err := initialize(dir, demo); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a second time: %v", err)
	}
	again, err := os.ReadFile(filepath.Join(dir, "pjsip.conf"))
	if err != nil || string(again) != string(text) {
		t.Error("the refused second time changed something")
	}
}

func TestNumbers(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "README.md"), "# demo\n\n| number | what happens |\n|---|---|\n| 100 – 109 | a phone |\n| 600 | echo, `#` ends it |\n\n| file | what |\n|---|---|\n| x | y |\n")
	got := numbers(path)
	want := [][2]string{{"100 – 109", "a phone"}, {"600", "echo, # ends it"}}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
}

func TestReachable(t *testing.T) {
	fixed := netip.MustParseAddrPort("192.0.2.1:5062")
	if got := reachable(fixed); len(got) != 1 || got[0] != fixed {
		t.Errorf("a fixed address: %v", got)
	}
	for _, a := range reachable(netip.MustParseAddrPort("0.0.0.0:5060")) {
		if !a.Addr().Is4() || a.Addr().IsUnspecified() || a.Port() != 5060 {
			t.Errorf("a wildcard: %v", a)
		}
	}
}

func TestConsole(t *testing.T) {
	dir := t.TempDir()
	etc := filepath.Join(dir, "etc")
	if err := os.Mkdir(etc, 0o755); err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]string{"": " -r", dir: " -r", filepath.Join(dir, "d"): " -r -s " + filepath.Join(dir, "d", "asterisk.ctl")} {
		p, err := findPlaces("", etc, data)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(consoleCommand(p), program()+" -C "+filepath.Join(etc, "asterisk.conf")); got != want {
			t.Errorf("data %q: %q, want %q", data, got, want)
		}
	}
}

// TestSoundDirectories: the site's own prompts come first, then those of sounds_search_dirs in order, then what is built in.
func TestSoundDirectories(t *testing.T) {
	dir := t.TempDir()
	below := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	conf := write(t, below("etc", "asterisk.conf"), "[directories]\nastdatadir = "+below("share")+"\n[options]\nsounds_search_dirs = "+below("one")+", "+below("two")+
		"\nsounds_search_custom_dir = yes\ndefaultlanguage = de\n")
	for _, file := range []string{"share/sounds/de/hello.ulaw", "one/de/hello.ulaw", "one/de/beep.ulaw", "two/de/beep.ulaw", "two/de/tea.ulaw", "two/de/custom/cake.ulaw", "two/de/cake.ulaw"} {
		write(t, below(file), strings.Repeat("x", len(file))) // the length tells which one was opened
	}
	p, err := findPlaces(conf, "", "")
	if err != nil {
		t.Fatal(err)
	}
	library := p.prompts(os.DirFS(dir))
	for name, file := range map[string]string{"hello": "share/sounds/de/hello.ulaw", "beep": "one/de/beep.ulaw", "tea": "two/de/tea.ulaw", "cake": "two/de/custom/cake.ulaw",
		below("two", "tea"): "two/de/tea.ulaw"} {
		clip, err := library.OpenAt(name, "", 8000)
		if err != nil || clip.Duration() != time.Duration(len(file))*time.Second/8000 {
			t.Errorf("%s: %v, %v; want %s", name, clip, err, file)
		}
	}
	if !library.Has("vm-goodbye", "de") {
		t.Error("a prompt that is built in is not found")
	}
	if _, problems := config.Load(fstest.MapFS{"asterisk.conf": {Data: []byte("[options]\nsounds_search_dirs = /a, b\n")}}, config.LoadOptions{}); len(problems) != 1 ||
		!strings.Contains(problems[0].Error(), `"b" is not absolute; write absolute paths with commas between`) {
		t.Errorf("problems %v", problems)
	}
}
