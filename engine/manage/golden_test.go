package manage

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/media"
	"asterism/engine/moh"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden runs the commands above the dashes of each testdata/*.txt and compares what they print with the rest.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			commands, want, _ := strings.Cut(string(text), "----\n")
			f := newFake(t)
			if strings.Contains(name, "call") {
				f.withCall()
			}
			if strings.Contains(name, "wrong") {
				f.problems = []config.Problem{
					{Pos: config.Pos{File: "extensions.lua", Line: 7}, What: "unexpected symbol near 'end'", Want: "a statement"},
					{Pos: config.Pos{File: "pjsip.conf", Line: 3}, Warning: true, What: "option \"x\" is not supported yet"},
				}
				f.failures = []string{"2026-11-22 21:30:00, 3 times since 2026-11-22 20:00:00\nextensions.lua:9: attempt to index 'x' (a nil value)\n    x.y()\n    ^\n  way: internal,600,1 > Answer()"}
			}
			cli := newCLI(t, f)
			var got bytes.Buffer
			for line := range strings.Lines(commands) {
				got.WriteString("*CLI> " + line)
				cli.Run(context.Background(), line, cli.Log, &got)
			}
			if *update {
				if err := os.WriteFile(file, []byte(commands+"----\n"+got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got.String() != want {
				t.Errorf("%s (rewrite with -update after looking at it):\n%s", file, difference(got.String(), want))
			}
			if bytes.ContainsAny(got.Bytes(), "\x1b\a") {
				t.Error("a control byte reached the terminal")
			}
			if strings.Contains(got.String(), "secret") || strings.Contains(got.String(), "0123456789abcdef0123") {
				t.Error("a password reached the terminal")
			}
		})
	}
}

// difference shows the first line that differs.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return "got  " + a + "\nwant " + b
		}
	}
	return ""
}

// tunes are two classes of hold music, one without files.
type tunes struct{}

func (tunes) MusicClasses() []moh.Shown {
	return []moh.Shown{
		{Class: moh.Class{Name: "default", Mode: "files", Directory: "moh", Sort: "random"}, Files: []string{"/data/moh/one.wav", "/data/moh/t\x1bwo.opus"}, Listeners: 3},
		{Class: moh.Class{Name: "sales", Mode: "playlist", Sort: "alpha"}, Problem: "no sound files\nin /data/sales"},
	}
}

// packets is the sound of a PBX that once was too busy.
type packets struct{}

func (packets) MediaStats() media.EngineStats {
	return media.EngineStats{Ports: 4, Spares: 32, PacketsIn: 123456, PacketsOut: 123400, Dropped: 7, KernelDrops: 3, SendErrors: 1}
}
func (packets) MediaBackend() string { return "io_uring" }
func (packets) ChannelStats() []channel.VoiceStats {
	return []channel.VoiceStats{{Info: channel.Info{Name: "PJSIP/alice-00000001", Created: now.Add(-65 * time.Second)}, Codec: "PCMU",
		Counters: media.PortStats{PacketsIn: 3200, Lost: 32, Jitter: 4 * time.Millisecond, PacketsOut: 3250, RemoteLost: 0, RemoteJitter: time.Millisecond,
			RTT: 31 * time.Millisecond, Rating: 88.9, RemoteRating: 92}},
		{Info: channel.Info{Name: "PJSIP/bob-00000002", Created: now}, Codec: "opus"}}
}

// tapes are the recordings of one channel.
type tapes struct{}

func (tapes) Monitors(channel string) ([]Monitor, bool) {
	return []Monitor{{"1790000000.1-1", "/spool/monitor/a\x1bb.wav", 90 * time.Second}}, channel == "PJSIP/alice-00000001"
}

func (tapes) StopMonitor(channel, id string) bool { return id == "" || id == "1790000000.1-1" }
