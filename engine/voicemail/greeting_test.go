package voicemail

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
	"time"
)

// recorded is a draft with sounds of the extensions, each saying its own.
func recorded(t *testing.T, s *Spool, said string, extensions ...string) string {
	t.Helper()
	draft, err := s.Draft(box, Message{Time: time.Unix(1000, 0)})
	for _, extension := range extensions {
		err = errors.Join(err, os.WriteFile(draft+extension, []byte(said+extension), 0o640))
	}
	if err != nil {
		t.Fatal(err)
	}
	return draft
}

func TestGreet(t *testing.T) {
	s, dir := newSpool(t)
	for _, step := range []struct {
		extensions []string
		want       []string
	}{
		{[]string{".WAV", ".gsm"}, []string{"unavail.WAV", "unavail.gsm"}},
		{[]string{".wav"}, []string{"unavail.wav"}}, // those of other formats go
	} {
		draft := recorded(t, s, "hello", step.extensions...)
		if err := errors.Join(s.Greet(box, "unavail", draft), s.Discard(draft)); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(dir + "/voicemail/default/100/tmp"); err != nil {
			t.Fatal(err)
		}
		if got := files(t, dir+"/voicemail/default/100"); !slices.Equal(got, step.want) {
			t.Errorf("%v, want %v", got, step.want)
		}
	}
	if err := s.Greet(box, "unavail", recorded(t, s, "")); err == nil {
		t.Error("nothing was recorded, and became a greeting")
	}
	if got := s.Greeting(box, "unavail"); got != dir+"/voicemail/default/100/unavail" {
		t.Errorf("greeting %q", got)
	}
	for _, which := range []string{"../101/unavail", "tmp/x", ""} {
		if err := s.Greet(box, which, recorded(t, s, "x", ".wav")); err == nil {
			t.Errorf("%q is a greeting", which)
		}
	}
}

func TestCopy(t *testing.T) {
	s, _ := newSpool(t)
	m, err := s.Deliver(recorded(t, s, "news", ".wav", ".gsm"), box, "INBOX", 0, func(*Message) {})
	if err != nil {
		t.Fatal(err)
	}
	draft := recorded(t, s, "old", ".wav")
	if err := s.Copy(box, "INBOX", m.ID, draft); err != nil {
		t.Fatal(err)
	}
	for _, extension := range []string{".wav", ".gsm"} {
		if b, err := os.ReadFile(draft + extension); err != nil || string(b) != "news"+extension {
			t.Errorf("%s: %q, %v", extension, b, err)
		}
	}
	if err := s.Copy(box, "INBOX", "1-none", draft); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a message that is not there: %v", err)
	}
	if err := s.Copy(box, "tmp", m.ID, draft); err == nil {
		t.Error("drafts are no folder")
	}
}

// TestTranscribe: the text is noted wherever the message is by now, and the rest of the .txt stays.
func TestTranscribe(t *testing.T) {
	s, dir := newSpool(t)
	m, err := s.Deliver(recorded(t, s, "news", ".wav"), box, "INBOX", 0, func(m *Message) { m.CallerID = "Anna"; m.Duration = 5 * time.Second })
	if err == nil {
		err = s.Discard(dir + "/voicemail/default/100/tmp/" + m.ID)
	}
	if err == nil {
		_, err = s.Change(box, "INBOX", map[string]string{m.ID: "Work"}, 0)
	}
	if err := errors.Join(err, s.Transcribe(box, m.ID, "call\nme"), s.Transcribe(box, "1-gone", "x")); err != nil {
		t.Fatal(err)
	}
	list, err := s.List(box, "Work")
	if err != nil || len(list) != 1 || list[0].Transcription != "call me" || list[0].CallerID != "Anna" || list[0].Duration != 5*time.Second {
		t.Errorf("%+v %v", list, err)
	}
	if got := files(t, dir+"/voicemail/default/100/Work"); !slices.Equal(got, []string{"msg0000.txt", "msg0000.wav"}) {
		t.Errorf("%v", got)
	}
	if got := files(t, dir+"/voicemail/default/100/tmp"); len(got) > 0 {
		t.Errorf("left over: %v", got)
	}
}

func TestSecret(t *testing.T) {
	s, dir := newSpool(t)
	if got := s.Secret(box); got != "" {
		t.Errorf("secret %q of nobody", got)
	}
	if err := s.SetSecret(box, "12\n34"); err != nil {
		t.Fatal(err)
	}
	if got := s.Secret(box); got != "12 34" {
		t.Errorf("secret %q", got)
	}
	for text, want := range map[string]string{"[general]\npassword=77\n": "77", "; x\n[general]\n password => 88 \n": "88", "": ""} {
		if err := os.WriteFile(dir+"/voicemail/default/100/secret.conf", []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		if got := s.Secret(box); got != want {
			t.Errorf("%q: secret %q, want %q", text, got, want)
		}
	}
}
