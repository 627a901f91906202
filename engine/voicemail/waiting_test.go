package voicemail

import (
	"context"
	"os"
	"testing"
	"time"
)

func TestParseBox(t *testing.T) {
	for text, want := range map[string]Box{"100": {"default", "100"}, "100@": {"default", "100"}, " 100@sales ": {"sales", "100"}} {
		if got := ParseBox(text); got != want {
			t.Errorf("%q is %v", text, got)
		}
	}
	if got := box.String(); got != "100@default" {
		t.Errorf("%q", got)
	}
}

// TestWatch: counts are told at the beginning, after a delivery, a move, and when a hand puts a message into a spool or takes one away.
func TestWatch(t *testing.T) {
	s, dir := newSpool(t)
	first := leave(t, s, "first", "INBOX")
	type change struct {
		box    Box
		counts Counts
	}
	told := make(chan change, 100)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Watch(ctx, func(b Box, c Counts) { told <- change{b, c} }) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	until := func(what string, b Box, want Counts) {
		t.Helper()
		deadline := time.After(10 * time.Second)
		var last change
		for {
			select {
			case last = <-told:
				if last == (change{b, want}) {
					if got := s.Counts(b); got != want {
						t.Errorf("%s: %v, counted %v", what, want, got)
					}
					return
				}
			case <-deadline:
				t.Fatalf("%s: %v@%v was not told; last was %v", what, want, b, last)
			}
		}
	}
	until("at the beginning", box, Counts{New: 1})
	leave(t, s, "urgent", "Urgent")
	until("delivered", box, Counts{New: 2, Urgent: 1})
	if _, err := s.Change(box, "INBOX", map[string]string{first.ID: "Old"}, 0); err != nil {
		t.Fatal(err)
	}
	until("moved", box, Counts{New: 1, Old: 1, Urgent: 1})
	// Another process: a box, and a context, that were not there.
	other := Box{"sales", "200"}
	inbox := dir + "/voicemail/sales/200/INBOX"
	if err := os.MkdirAll(inbox, 0o750); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"msg0000.wav", "msg0000.txt", "msg0001.txt"} {
		if err := os.WriteFile(inbox+"/"+name, nil, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	until("made by hand", other, Counts{New: 2})
	if err := os.Remove(inbox + "/msg0001.txt"); err != nil {
		t.Fatal(err)
	}
	until("removed by hand", other, Counts{New: 1})
	if err := os.RemoveAll(dir + "/voicemail/sales"); err != nil {
		t.Fatal(err)
	}
	until("a context that goes", other, Counts{})
	if err := os.MkdirAll(inbox, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(inbox+"/msg0000.txt", nil, 0o640); err != nil {
		t.Fatal(err)
	}
	until("and comes back", other, Counts{New: 1})
}
