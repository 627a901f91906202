package manage

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
)

func TestComplete(t *testing.T) {
	cli := newCLI(t, newFake(t).withCall())
	for _, tt := range []struct{ line, want string }{
		{"cor", "core"},
		{"core show c", "calls channel channels codecs"},
		{"core show channels ", "concise count verbose"},
		{"core show channel PJSIP/b", "PJSIP/bob-00000002"},
		{"core stop ", "gracefully now when"},
		{"core stop when ", "convenient"},
		{"pjsip show endpoint ", "alice bob trunk"},
		{"pjsip set logger o", "off on"},
		{"dialplan show f", "features from-trunk"},
		{"queue ", "show"},
		{"he", "help"},
		{"help core sh", "show"},
		{"core show help database d", "del deltree"},
		{"channel request hangup a", "all"},
		{"nonsense ", ""},
		{"core show uptime seconds ", ""},
	} {
		if got := strings.Join(cli.Complete(tt.line), " "); got != tt.want {
			t.Errorf("Complete(%q) = %q, want %q", tt.line, got, tt.want)
		}
	}
}

// TestEveryCommandAnswers runs all of them without arguments and before the boot: none panics, all say something.
func TestEveryCommandAnswers(t *testing.T) {
	f := newFake(t)
	cli := newCLI(t, f)
	starting := newFake(t)
	starting.booted, starting.snap, starting.index = make(chan struct{}), nil, nil
	early := newCLI(t, starting)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, e := range cli.commands {
		for _, name := range e.names() {
			var out bytes.Buffer
			cli.Run(context.Background(), name, cli.Log, &out)
			if out.Len() == 0 && !strings.HasPrefix(name, "core stop") && !strings.HasPrefix(name, "core restart") {
				t.Errorf("%q says nothing", name)
			}
			out.Reset()
			early.Run(ctx, name, early.Log, &out)
			early.Complete(name + " ")
		}
	}
}

func TestStop(t *testing.T) {
	for line, want := range map[string]Stop{
		"core stop now":                {When: Now},
		"CORE STOP GRACEFULLY":         {When: Gracefully},
		"core stop when convenient":    {When: WhenConvenient},
		"core restart now":             {When: Now, Restart: true},
		"core restart when convenient": {When: WhenConvenient, Restart: true},
		"restart gracefully":           {When: Gracefully, Restart: true},
	} {
		cli := newCLI(t, newFake(t))
		asked := cli.Control.(fakeControl).asked
		after := cli.Run(context.Background(), line, cli.Log, &bytes.Buffer{})
		if after == nil || len(asked) != 0 {
			t.Fatalf("%s: acted before the answer was out", line)
		}
		after()
		if got := <-asked; got != want {
			t.Errorf("%s: got %+v, want %+v", line, got, want)
		}
	}
}

func TestSetTraceAndHangup(t *testing.T) {
	f := newFake(t).withCall()
	cli := newCLI(t, f)
	for _, line := range []string{"pjsip set logger on", "pjsip set logger host 192.0.2.7", "pjsip set logger off", "channel request hangup all"} {
		cli.Run(context.Background(), line, cli.Log, &bytes.Buffer{})
	}
	if got := strings.Join(f.trace, ","); got != "true ,true 192.0.2.7,false " {
		t.Errorf("trace: %q", got)
	}
	if len(f.hungUp) != 3 {
		t.Errorf("hung up: %q", f.hungUp)
	}
}

// FuzzSplit: quoting the words again and splitting gives the same words.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{``, `a b`, `a "b c" d`, `a\ b`, `"`, `\`, `""`, "a\tb\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words := split(line)
		var quoted []string
		for _, w := range words {
			quoted = append(quoted, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w)+`"`)
		}
		if again := split(strings.Join(quoted, " ")); !slices.Equal(again, words) {
			t.Fatalf("split(%q) = %q, again %q", line, words, again)
		}
	})
}
