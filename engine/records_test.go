package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"asterism/engine/cdr"
	"asterism/engine/channel"

	"github.com/rs/zerolog"
)

type silentLeg struct{}

func (silentLeg) Answer(context.Context) error      { return nil }
func (silentLeg) Indicate(channel.Indication) error { return nil }
func (silentLeg) Hangup(channel.Cause)              {}
func (silentLeg) Media() channel.Media              { return nil }
func (silentLeg) Property(string) (string, bool)    { return "", false }

// recorded runs f on a caller's channel and gives the lines of Master.csv.
func recorded(t *testing.T, f func(ch *channel.Channel)) string {
	t.Helper()
	dir := t.TempDir()
	o := cdr.DefaultOptions()
	o.Unanswered, o.LogUserField, o.Log = true, true, zerolog.Nop()
	w, err := cdr.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(w, nil, zerolog.Nop())
	core := channel.NewCore(channel.CoreConfig{Log: zerolog.Nop(), Observer: r, Records: r})
	ch := core.New(channel.Config{Tech: "PJSIP", Endpoint: "alice", Leg: silentLeg{}, State: channel.Ring, CallerID: channel.CallerID{Name: "A", Number: "100"}})
	f(ch)
	ch.Release()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(filepath.Join(dir, "cdr-csv", "Master.csv"))
	return string(b)
}

func TestRecordFields(t *testing.T) {
	recorded(t, func(ch *channel.Channel) {
		if err := ch.Answer(); err != nil {
			t.Fatal(err)
		}
		ch.SetUserField("u")
		records := ch.Records()
		for name, want := range map[string]string{"src": "100", "clid": `"A" <100>`, "CHANNEL": ch.Name(), "uniqueid": ch.UniqueID(), "linkedid": ch.LinkedID(),
			"disposition": "ANSWERED", "userfield": "u", "duration": "0", "billsec": "0", "amaflags": "DOCUMENTATION", "end": "", "start": ch.Created().Format(time.DateTime)} {
			if got, ok := records.Field(ch, name, false, false); !ok || got != want {
				t.Errorf("%s = %q, %v; want %q", name, got, ok, want)
			}
		}
		for name, want := range map[string]string{"disposition": "8", "amaflags": "3", "end": "0.000000"} {
			if got, _ := records.Field(ch, name, true, false); got != want {
				t.Errorf("%s raw = %q, want %q", name, got, want)
			}
		}
		if got, _ := records.Field(ch, "billsec", false, true); !strings.HasPrefix(got, "0.0") {
			t.Errorf("billsec exact = %q", got)
		}
		if _, ok := records.Field(ch, "mine", false, false); ok {
			t.Error("a field that was never set")
		}
		if err := records.SetField(ch, "Mine", "x"); err != nil {
			t.Error(err)
		}
		if got, _ := records.Field(ch, "mine", false, false); got != "x" {
			t.Errorf("own field %q", got)
		}
		if err := records.SetField(ch, "billsec", "5"); err == nil {
			t.Error("billsec was set")
		}
		records.Reset(ch, true)
		if got, _ := records.Field(ch, "mine", false, false); got != "x" {
			t.Errorf("own field after a reset that keeps: %q", got)
		}
		records.Reset(ch, false)
		if _, ok := records.Field(ch, "mine", false, false); ok {
			t.Error("own field after a reset")
		}
		ch.Hangup(0)
		if got, _ := records.Field(ch, "end", false, false); got == "" {
			t.Error("no end after the hang-up")
		}
		records.(*recorder).late = func() bool { return true } // endbeforehexten=no
		if got, _ := records.Field(ch, "end", true, false); got != "0.000000" {
			t.Errorf("end %q before h is over", got)
		}
	})
}

func TestRecordDisabled(t *testing.T) {
	for _, tt := range []struct {
		name  string
		do    func(r channel.Records, ch *channel.Channel)
		lines int
	}{
		{"written", func(r channel.Records, ch *channel.Channel) {
			_ = r.SetField(ch, "userfield", "mine")
			_ = r.SetField(ch, "amaflags", "billing")
		}, 1},
		{"not written", func(r channel.Records, ch *channel.Channel) { r.Disable(ch, true) }, 0},
		{"after all", func(r channel.Records, ch *channel.Channel) { r.Disable(ch, true); r.Disable(ch, false) }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := recorded(t, func(ch *channel.Channel) { tt.do(ch.Records(), ch) })
			if got := strings.Count(text, "\n"); got != tt.lines {
				t.Errorf("%d records, want %d:\n%s", got, tt.lines, text)
			}
			if tt.name == "written" && (!strings.Contains(text, `"mine"`) || !strings.Contains(text, `"BILLING"`)) {
				t.Errorf("no user field or flag in %s", text)
			}
		})
	}
}

// A channel that was called has no record of its own to be written, but CDR() tells of it.
func TestFieldsOfACalledChannel(t *testing.T) {
	r := newRecorder(nil, nil, zerolog.Nop())
	core := channel.NewCore(channel.CoreConfig{Log: zerolog.Nop(), Observer: r, Records: r})
	ch := core.New(channel.Config{Tech: "PJSIP", Endpoint: "bob", Leg: silentLeg{}, State: channel.Down})
	defer ch.Release()
	for name, want := range map[string]string{"channel": ch.Name(), "end": "0.000000", "answer": "0.000000", "disposition": "1"} {
		if got, ok := r.Field(ch, name, true, false); got != want || !ok {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	ch.MarkAnswered()
	if got, _ := r.Field(ch, "disposition", false, false); got != "ANSWERED" {
		t.Errorf("disposition %q", got)
	}
}
