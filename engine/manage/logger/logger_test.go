package logger

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newRouter(t *testing.T, s Setup) *Router {
	t.Helper()
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func TestConsoleForms(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setup Setup
		log   func(l zerolog.Logger)
		want  string // after the time
	}{
		{"call id and fields", Setup{}, func(l zerolog.Logger) {
			l.Info().Str("call", "C-00000001").Str("chan", "PJSIP/a-00000001").Msg("answered")
		}, "NOTICE  [C-00000001] answered chan=PJSIP/a-00000001\n"},
		{"verbose above the level is silent", Setup{Verbose: 2}, func(l zerolog.Logger) { l.Info().Int("verbose", 3).Msg("Executing") }, ""},
		{"verbose at the level", Setup{Verbose: 3}, func(l zerolog.Logger) { l.Info().Int("verbose", 3).Msg("Executing") }, "VERBOSE Executing\n"},
		{"debug off", Setup{}, func(l zerolog.Logger) { l.Debug().Msg("x") }, ""},
		{"debug on", Setup{Debug: 1}, func(l zerolog.Logger) { l.Debug().Msg("x") }, "DEBUG   x\n"},
		{"foreign bytes", Setup{}, func(l zerolog.Logger) {
			l.Warn().Str("from", "\x1b[2Jevil\r\n[x] NOTICE forged").Msg("bad \u009b31m name")
		}, "WARNING bad \\x9b31m name from=\"\\\\x1b[2Jevil\\\\r\\\\n[x] NOTICE forged\"\n"},
		{"detail", Setup{}, func(l zerolog.Logger) {
			l.Error().Str(Detail, "one\n\ttwo\x1b[2J\r\n12:00:00.000 NOTICE forged").Str("chan", "a").Msg("failed")
		}, "ERROR   failed chan=a\n    | one\n    |   two\\x1b[2J\\r\n    | 12:00:00.000 NOTICE forged\n"},
		{"error field", Setup{}, func(l zerolog.Logger) { l.Error().Err(errors.New("a b")).Msg("failed") }, "ERROR   failed error=\"a b\"\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			tt.setup.Console = &out
			r := newRouter(t, tt.setup)
			tt.log(zerolog.New(r).With().Timestamp().Logger())
			r.Close()
			got := out.String()
			if got != "" {
				got = got[len("15:04:05.000 "):]
			}
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestJSONLineHasNoRawControls(t *testing.T) {
	var out bytes.Buffer
	r := newRouter(t, Setup{Console: &out, JSON: true})
	l := zerolog.New(r)
	l.Info().Str("from", "a\x7f\u009b\x1b\nb").Msg("x")
	r.Close()
	want := `{"level":"info","from":"a\u007f\u009b\u001b\nb","message":"x"}` + "\n"
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTellReachesTheConsoleOnly(t *testing.T) {
	var out, tapped bytes.Buffer
	path := filepath.Join(t.TempDir(), "messages")
	r := newRouter(t, Setup{Console: &out, Files: []File{{Path: path}}})
	tap := r.Tap(&tapped, 9, false)
	r.Tell("password: x\n")
	tap.Close()
	r.Close()
	r.Tell("too late\n")
	b, err := os.ReadFile(path)
	if out.String() != "password: x\n" || tapped.Len() > 0 || len(b) > 0 || err != nil {
		t.Errorf("console %q, tap %q, file %q, %v", out.String(), tapped.String(), b, err)
	}
}

func TestFilesRotateWithoutLoss(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log", "messages")
	r := newRouter(t, Setup{Files: []File{{Path: path, Mask: Notice | Warning | Error}, {Path: path + ".json", JSON: true}}})
	l := zerolog.New(r).With().Timestamp().Logger()
	l.Info().Str("call", "C-0000000a").Msg("one")
	l.Info().Int("verbose", 1).Msg("not for messages")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := r.Rotated(); err != nil {
		t.Fatal(err)
	}
	l.Warn().Msg("two")
	r.Close()
	read := func(p string) string {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	old, fresh := read(path+".1"), read(path)
	if !strings.HasSuffix(old, "[C-0000000a]: one\n") || strings.Count(old, "\n") != 1 || !strings.Contains(old, "] NOTICE[") {
		t.Errorf("before rotation: %q", old)
	}
	if !strings.HasSuffix(fresh, ": two\n") || strings.Count(fresh, "\n") != 1 {
		t.Errorf("after rotation: %q", fresh)
	}
	if n := strings.Count(read(path+".json"), "\n"); n != 2 {
		t.Errorf("json file has %d lines, want 2: verbose 1 is above the level 0", n)
	}
	if err := r.Reload([]File{{Path: filepath.Join(path, "under a file")}}); err == nil {
		t.Error("an impossible file was accepted")
	}
}

// stuck is a terminal that takes nothing.
type stuck struct{ release chan struct{} }

func (s stuck) Write(p []byte) (int, error) { <-s.release; return 0, io.ErrClosedPipe }

func TestStoppedTerminalNeverBlocks(t *testing.T) {
	release := make(chan struct{})
	r := newRouter(t, Setup{Console: stuck{release}})
	tap := r.Tap(stuck{release}, 3, false)
	l := zerolog.New(r)
	for range consoleQueue + tapQueue + 10 { // returns, or the test times out
		l.Info().Msg("x")
	}
	if r.Lost() == 0 {
		t.Error("no line was counted as lost")
	}
	close(release)
	tap.Close()
}

func TestTapHasItsOwnLevels(t *testing.T) {
	var tapped, console bytes.Buffer
	r := newRouter(t, Setup{Console: &console})
	tap := r.Tap(&tapped, 3, false)
	tap.SetDebug(1)
	l := zerolog.New(r)
	l.Info().Int("verbose", 3).Msg("exec")
	l.Debug().Msg("deep")
	tap.Close()
	l.Info().Int("verbose", 3).Msg("after")
	r.Close()
	if got := tapped.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "VERBOSE exec\n") || !strings.Contains(got, "DEBUG   deep\n") {
		t.Errorf("tap got %q", got)
	}
	if console.Len() != 0 {
		t.Errorf("the console has level 0, got %q", console.String())
	}
}

func TestParseLevels(t *testing.T) {
	for _, tt := range []struct {
		in      string
		want    File
		unknown string
	}{
		{"notice,warning,error", File{Mask: Notice | Warning | Error}, ""},
		{"[plain]*", File{Mask: All}, ""},
		{"[json] verbose(3), debug", File{Mask: Verbose | Debug, Verbose: 3, JSON: true}, ""},
		{"warnings,security", File{Mask: Notice}, "warnings"},
		{"verbose(x)", File{Mask: Verbose}, "verbose(x)"},
	} {
		got, unknown := ParseLevels(tt.in)
		if got != tt.want || strings.Join(unknown, " ") != tt.unknown {
			t.Errorf("ParseLevels(%q) = %+v, %q", tt.in, got, unknown)
		}
	}
}

// FuzzEscape: the result is one line of valid UTF-8 without controls, and harmless text is untouched.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "Zoë <100>", "\x1b]0;x\a", "a\nb", "\xff\xfe", "\u202eabc", "\u0085"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Fatalf("Escape(%q) = %q", s, got)
		}
		if Escape(got) != got {
			t.Fatalf("not stable: %q", got)
		}
		if utf8.ValidString(s) && !strings.ContainsFunc(s, harmful) && got != s {
			t.Fatalf("harmless text changed: %q to %q", s, got)
		}
	})
}

// fieldsOf is decode by encoding/json.
func fieldsOf(t *testing.T, line []byte) (all []field) {
	d := json.NewDecoder(bytes.NewReader(line))
	_, _ = d.Token()
	for d.More() {
		key, err := d.Token()
		var raw json.RawMessage
		if err == nil {
			err = d.Decode(&raw)
		}
		if err != nil {
			t.Fatal(err)
		}
		value := string(raw)
		if raw[0] == '"' {
			_ = json.Unmarshal(raw, &value)
		}
		all = append(all, field{key.(string), value})
	}
	return all
}

// Whatever is logged, a line has the fields that encoding/json finds in it.
func FuzzFields(f *testing.F) {
	for _, s := range []string{"", "a", "a b\"c\\", "\\", "\x00\x7f\xff\u009b", "{,}:[", "\"}", "ü\u2028"} {
		f.Add(s, s, 5, true)
	}
	f.Fuzz(func(t *testing.T, key, value string, n int, b bool) {
		var out bytes.Buffer
		l := zerolog.New(&out)
		l.Info().Str(key, value).Int("n", n).Bool(value, b).Strs("list", []string{key, value}).Float64("f", float64(n)/3).
			Dict("inner", zerolog.Dict().Str(key, value).Int("n", n)).Interface("nothing", nil).Msg(value + key)
		e := event{json: out.Bytes()}
		e.decode()
		if want := fieldsOf(t, out.Bytes()); !slices.Equal(e.fields, want) {
			t.Errorf("%s got %q, want %q", out.Bytes(), e.fields, want)
		}
	})
}

// What is no line of zerolog's does no harm.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "plain", "{", `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{"a":"`, `{"a":"\`, `{"a":[{"b":"]"}],"c":1}`, `{"a":1}x`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e := event{json: line}
		size := 0
		for _, b := range [][]byte{e.fileLine(), e.consoleLine(true)} {
			if bytes.Count(b, []byte("\n")) != 1 {
				t.Errorf("%q makes %q", line, b)
			}
			size = max(size, len(b))
		}
		if size > 200+16*len(line) {
			t.Errorf("%d bytes make %d", len(line), size)
		}
	})
}

// Budget: 3 µs a line that goes to a file.
func BenchmarkFileLine(b *testing.B) {
	line := []byte(`{"level":"info","call":"C-00000001","chan":"PJSIP/trunk-00000001","endpoint":"trunk","peer":"127.0.0.1:32900","caller":"2000000",` +
		`"exten":"3000","time":"2026-11-24T03:42:08.001Z","message":"Executing [3000@bench:1] Dial(\"PJSIP/trunk-00000001\", \"PJSIP/3000@uas\")"}` + "\n")
	b.ReportAllocs()
	for b.Loop() {
		e := event{json: line, class: Notice}
		e.fileLine()
	}
}
