package channel

import (
	"strings"
	"testing"
	"time"
)

// Blocks of 20 ms, one a character: T is talk, . is silence.
func TestListener(t *testing.T) {
	const second = 50
	run := func(s string, n int) string { return strings.Repeat(s, n) }
	speech := ListenRequest{Pause: time.Second, Min: 100 * time.Millisecond}
	for _, tt := range []struct {
		name, said string
		req        ListenRequest
		want       ListenResult
	}{
		{"speech and its pause", run(".", 20) + run("T", 40) + run(".", second), speech, ListenResult{Why: "speech", Talk: 800 * time.Millisecond}},
		{"a pause within it", run("T", 40) + run(".", 49) + run("T", 10) + run(".", second), speech, ListenResult{Why: "speech", Talk: 1980 * time.Millisecond}},
		{"not over yet", run("T", 40) + run(".", 49), speech, ListenResult{}},
		{"too short", run("T", 5) + run(".", second), speech, ListenResult{}},
		{"too long", run("T", 40) + run(".", second), ListenRequest{Pause: time.Second, Max: 500 * time.Millisecond}, ListenResult{}},
		{"the short one after the long", run("T", 40) + run(".", second) + run("T", 20) + run(".", second), ListenRequest{Pause: time.Second, Max: 500 * time.Millisecond},
			ListenResult{Why: "speech", Talk: 400 * time.Millisecond}},
		{"too late", run(".", 200) + run("T", 40) + run(".", second), ListenRequest{Pause: time.Second, Within: 5 * time.Second}, ListenResult{}},
		{"silence", run("T", 40) + run(".", 100), ListenRequest{Silence: 2 * time.Second}, ListenResult{Why: "silence"}},
		{"silence that is broken", run(".", 99) + "T" + run(".", 99), ListenRequest{Silence: 2 * time.Second}, ListenResult{}},
		{"noise", run(".", 40) + run("T", 25), ListenRequest{Noise: 500 * time.Millisecond}, ListenResult{Why: "noise"}},
		{"noise that is broken", run("T", 24) + "." + run("T", 24), ListenRequest{Noise: 500 * time.Millisecond}, ListenResult{}},
	} {
		tt.req.Threshold = defaultThreshold
		l := &listener{req: tt.req, heard: make(chan ListenResult, 1)}
		block := make([]int16, listenRate/50)
		for _, c := range tt.said {
			for i := range block {
				block[i] = 0
				if c == 'T' {
					block[i] = 1000
				}
			}
			l.Block(block, nil)
		}
		var got ListenResult
		select {
		case got = <-l.heard:
		default:
		}
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestListenerAllocatesNothing(t *testing.T) {
	l := &listener{req: ListenRequest{Pause: time.Second, Silence: time.Second, Threshold: defaultThreshold}, heard: make(chan ListenResult, 1)}
	block := make([]int16, listenRate/50)
	if n := testing.AllocsPerRun(200, func() { l.Block(block, nil) }); n > 0 {
		t.Errorf("%v allocations a block", n)
	}
}
