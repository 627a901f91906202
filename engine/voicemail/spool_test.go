package voicemail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var box = Box{"default", "100"}

func newSpool(t testing.TB) (*Spool, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return New(root, dir), dir
}

// leave drafts, records and delivers one message.
func leave(t testing.TB, s *Spool, said string, folder string) Message {
	t.Helper()
	m, err := tryToLeave(s, said, folder, 0)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func tryToLeave(s *Spool, said, folder string, most int) (Message, error) {
	draft, err := s.Draft(box, Message{OrigMailbox: "100", CallerID: said, Time: time.Unix(1700000000, 0)})
	if err != nil {
		return Message{}, err
	}
	if err := os.WriteFile(draft+".wav", []byte(said), 0o640); err != nil {
		return Message{}, err
	}
	m, err := s.Deliver(draft, box, folder, most, func(m *Message) { m.Duration = 5 * time.Second })
	return m, errors.Join(err, s.Discard(draft))
}

// held is what a folder has: what was said, in order, after a check that each text has its sound and that there is no gap.
func held(t testing.TB, s *Spool, folder string) (said []string) {
	t.Helper()
	list, err := s.List(box, folder)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range list {
		if m.Number != i {
			t.Errorf("%s: message %d has number %d", folder, i, m.Number)
		}
		b, err := os.ReadFile(m.Path + ".wav")
		if err != nil || string(b) != m.CallerID {
			t.Errorf("%s: message %d of %q says %q, %v", folder, i, m.CallerID, b, err)
		}
		said = append(said, m.CallerID)
	}
	return said
}

func files(t testing.TB, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestDeliver(t *testing.T) {
	s, dir := newSpool(t)
	for i, said := range []string{"one", "two"} {
		m := leave(t, s, said, "INBOX")
		if want := fmt.Sprintf("%s/voicemail/default/100/INBOX/msg%04d", dir, i); m.Number != i || m.Path != want {
			t.Errorf("message %d is number %d at %s, want %s", i, m.Number, m.Path, want)
		}
	}
	want := []string{"INBOX/msg0000.txt", "INBOX/msg0000.wav", "INBOX/msg0001.txt", "INBOX/msg0001.wav"}
	if got := files(t, dir+"/voicemail/default/100"); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	if got := held(t, s, "INBOX"); !slices.Equal(got, []string{"one", "two"}) || s.Count(box, "INBOX") != 2 || s.Count(box, "Old") != 0 {
		t.Errorf("held %v, counted %d", got, s.Count(box, "INBOX"))
	}
}

func TestFull(t *testing.T) {
	s, _ := newSpool(t)
	leave(t, s, "one", "INBOX")
	if _, err := tryToLeave(s, "two", "INBOX", 1); !errors.Is(err, ErrFull) {
		t.Errorf("a second message where one may be: %v", err)
	}
	leave(t, s, "old", "Old")
	m := leave(t, s, "three", "INBOX")
	kept, err := s.Change(box, "INBOX", map[string]string{m.ID: "Old"}, 1)
	if got := held(t, s, "INBOX"); kept != 1 || err != nil || !slices.Equal(got, []string{"one", "three"}) {
		t.Errorf("kept %d, %v; held %v", kept, err, got)
	}
}

func TestChange(t *testing.T) {
	s, dir := newSpool(t)
	ids := map[string]string{}
	for _, said := range []string{"a", "b", "c", "d", "e"} {
		ids[said] = leave(t, s, said, "INBOX").ID
	}
	kept, err := s.Change(box, "INBOX", map[string]string{ids["a"]: "", ids["c"]: "Old", ids["d"]: "Old", "1-gone": ""}, 100)
	if kept != 0 || err != nil {
		t.Fatal(kept, err)
	}
	if inbox, old := held(t, s, "INBOX"), held(t, s, "Old"); !slices.Equal(inbox, []string{"b", "e"}) || !slices.Equal(old, []string{"c", "d"}) {
		t.Errorf("INBOX %v, Old %v", inbox, old)
	}
	if got := files(t, dir); len(got) != 8 {
		t.Errorf("left over: %v", got)
	}
}

// TestConcurrent: many deliver while one takes away; each message is somewhere, once, and numbering is whole.
func TestConcurrent(t *testing.T) {
	s, dir := newSpool(t)
	const callers, each = 8, 5
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for n := range each {
				if _, err := tryToLeave(s, fmt.Sprintf("%d-%d", c, n), "INBOX", 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			list, err := s.List(box, "INBOX")
			if err != nil {
				t.Error(err)
				return
			}
			if len(list) > 0 {
				if _, err := s.Change(box, "INBOX", map[string]string{list[0].ID: "Old"}, 0); err != nil {
					t.Error(err)
				}
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	wg.Wait()
	close(stop)
	<-done
	all := append(held(t, s, "INBOX"), held(t, s, "Old")...)
	slices.Sort(all)
	if n := len(slices.Compact(slices.Clone(all))); n != callers*each || len(all) != n {
		t.Errorf("%d messages, %d different, want %d", len(all), n, callers*each)
	}
	if got := len(files(t, dir)); got != 2*callers*each {
		t.Errorf("%d files, want %d", got, 2*callers*each)
	}
}

// TestLeftOvers: what a process leaves that dies between two steps is no message, and the next takes its number.
func TestLeftOvers(t *testing.T) {
	s, dir := newSpool(t)
	first := leave(t, s, "first", "INBOX")
	inbox := dir + "/voicemail/default/100/INBOX/"
	for _, died := range []struct{ name, orphan string }{
		{"between sound and text of a delivery", "msg0001.wav"},
		{"the same, in another format", "msg0001.gsm"},
	} {
		if err := os.WriteFile(inbox+died.orphan, []byte("orphan"), 0o640); err != nil {
			t.Fatal(err)
		}
		if got := held(t, s, "INBOX"); !slices.Equal(got, []string{"first"}) {
			t.Errorf("%s: held %v", died.name, got)
		}
	}
	leave(t, s, "second", "INBOX")
	// Died when message 1 had its new number, and its sound the old name, too.
	if _, err := s.Change(box, "INBOX", map[string]string{first.ID: ""}, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(inbox+"msg0001.wav", []byte("second"), 0o640); err != nil {
		t.Fatal(err)
	}
	leave(t, s, "third", "INBOX")
	if got := held(t, s, "INBOX"); !slices.Equal(got, []string{"second", "third"}) {
		t.Errorf("held %v", got)
	}
	if got := files(t, inbox); len(got) != 4 {
		t.Errorf("files %v", got)
	}
}

func TestNames(t *testing.T) {
	s, dir := newSpool(t)
	for _, b := range []Box{{"..", "100"}, {"default", ".."}, {"a/b", "1"}, {"", "1"}, {"default", ""}, {"default", "x y"}} {
		if _, err := s.Draft(b, Message{}); err == nil {
			t.Errorf("%v is a mailbox", b)
		}
		if s.Count(b, "INBOX") != 0 || s.Greeting(b, "unavail") != "" {
			t.Errorf("%v has something", b)
		}
	}
	for _, draft := range []string{"", "/etc/passwd", dir + "/voicemail/a/b/tmp/../x", dir + "/voicemail/a/b/INBOX/msg0000"} {
		if err := s.Discard(draft); err == nil {
			t.Errorf("%q is a draft", draft)
		}
	}
	if _, err := s.List(box, "../101/INBOX"); err == nil {
		t.Error("a folder may lead out of the box")
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("files %v", got)
	}
}

func TestGreeting(t *testing.T) {
	s, _ := newSpool(t)
	path, err := s.Path(box)
	if err != nil {
		t.Fatal(err)
	}
	leave(t, s, "x", "INBOX") // makes the folder
	if got := s.Greeting(box, "unavail"); got != "" {
		t.Errorf("a greeting %q that nobody recorded", got)
	}
	if err := os.WriteFile(path+"/unavail.WAV", []byte("hello"), 0o640); err != nil {
		t.Fatal(err)
	}
	if got := s.Greeting(box, "unavail"); got != path+"/unavail" {
		t.Errorf("greeting %q", got)
	}
	if err := s.Erase(box, "unavail"); err != nil || s.Greeting(box, "unavail") != "" {
		t.Errorf("erased: %v, %q", err, s.Greeting(box, "unavail"))
	}
}

const goldenText = `;
; A voice message
;
[message]
origmailbox=100
context=internal
exten=100
rdnis=unknown
priority=2
callerchan=PJSIP/alice-00000001
callerid="Alice A" <101>
origdate=Tue Nov 14 10:13:20 PM UTC 2023
origtime=1700000000
category=
msg_id=1700000000-0123abcd
flag=Urgent
duration=7
`

func TestText(t *testing.T) {
	m := Message{OrigMailbox: "100", Context: "internal", Exten: "100", RDNIS: "unknown", Priority: 2, CallerChan: "PJSIP/alice-00000001",
		CallerID: "\"Alice\nA\" <101>", Time: time.Unix(1700000000, 0), ID: "1700000000-0123abcd", Flag: "Urgent", Duration: 6800 * time.Millisecond}
	if got := string(m.text()); got != goldenText {
		t.Errorf("got\n%s\nwant\n%s", got, goldenText)
	}
	if again := string(parse([]byte(goldenText)).text()); again != goldenText {
		t.Errorf("read and written again:\n%s", again)
	}
	older := parse([]byte(strings.ReplaceAll(goldenText, "msg_id=1700000000-0123abcd\n", "macrocontext=\n")))
	if older.ID != "1700000000-PJSIP/alice-00000001-7" {
		t.Errorf("the id of a message without one: %q", older.ID)
	}
}

// FuzzText: whatever a .txt has, what is read of it and written again reads the same.
func FuzzText(f *testing.F) {
	f.Add([]byte(goldenText))
	f.Add([]byte("msg_id=\x10"))
	f.Add([]byte("duration=-5\norigtime=x\n=\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		once := parse(text).text()
		if twice := parse(once).text(); string(once) != string(twice) {
			t.Errorf("%q is read as\n%s\nand then as\n%s", text, once, twice)
		}
	})
}

// TestRecover: drafts of a process that died are delivered, once; those of calls that are going on are let alone.
func TestRecover(t *testing.T) {
	s, dir := newSpool(t)
	draft := func(said string, at int64, flag string) string {
		t.Helper()
		draft, err := s.Draft(box, Message{OrigMailbox: "100", CallerID: said, Time: time.Unix(at, 0), Flag: flag})
		if err != nil {
			t.Fatal(err)
		}
		if said != "" {
			if err := os.WriteFile(draft+".wav", []byte(said), 0o640); err != nil {
				t.Fatal(err)
			}
		}
		return draft
	}
	draft("kept", 1000, "")
	draft("", 1001, "")
	draft("urgent", 1002, "Urgent")
	delivered := draft("delivered", 1003, "")
	m, err := s.Deliver(delivered, box, "INBOX", 0, func(*Message) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Change(box, "INBOX", map[string]string{m.ID: "Old"}, 0); err != nil {
		t.Fatal(err)
	}
	live := draft("live", 2000, "")
	stray := dir + "/voicemail/default/100/tmp/stray.wav"
	empty := dir + "/voicemail/default/100/tmp/1500-00000000.txt"
	for _, file := range []string{stray, empty} {
		if err := errors.Join(os.WriteFile(file, nil, 0o640), os.Chtimes(file, time.Unix(1500, 0), time.Unix(1500, 0))); err != nil {
			t.Fatal(err)
		}
	}
	length := func(path string) time.Duration {
		if _, err := os.Stat(path + ".wav"); err != nil {
			return 0
		}
		return 3 * time.Second
	}
	found, err := s.Recover(time.Unix(2000, 0), length)
	if err != nil || len(found) != 2 || found[1].Folder != "Urgent" || found[1].Box != box || found[1].Message.CallerID != "urgent" {
		t.Fatalf("recovered %+v, %v", found, err)
	}
	for folder, want := range map[string][]string{"INBOX": {"kept"}, "Urgent": {"urgent"}, "Old": {"delivered"}} {
		if got := held(t, s, folder); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", folder, got, want)
		}
	}
	if list, _ := s.List(box, "INBOX"); list[0].Duration != 3*time.Second {
		t.Errorf("duration %v", list[0].Duration)
	}
	want := []string{filepath.Base(live) + ".txt", filepath.Base(live) + ".wav"}
	if got := files(t, dir+"/voicemail/default/100/tmp"); !slices.Equal(got, want) {
		t.Errorf("drafts %v, want %v", got, want)
	}
}

// TestDeposit: a sound from elsewhere becomes a message, and nothing is left of one that does not.
func TestDeposit(t *testing.T) {
	s, dir := newSpool(t)
	at := Message{OrigMailbox: "100", CallerID: "said", Time: time.Unix(1700000000, 0), Duration: 3 * time.Second}
	m, err := s.Deposit(strings.NewReader("said"), ".wav", box, "Work", 1, at)
	if err != nil || m.Number != 0 || m.Duration != 3*time.Second {
		t.Fatalf("%+v, %v", m, err)
	}
	if got := held(t, s, "Work"); !slices.Equal(got, []string{"said"}) {
		t.Errorf("held %v", got)
	}
	if _, err := s.Deposit(strings.NewReader("more"), ".wav", box, "Work", 1, at); !errors.Is(err, ErrFull) {
		t.Errorf("a second message where one may be: %v", err)
	}
	for _, extension := range []string{"", "wav", ".txt", ".new", ".a/b", "..", ".wav.gz"} {
		if _, err := s.Deposit(strings.NewReader("x"), extension, box, "INBOX", 0, at); err == nil {
			t.Errorf("extension %q is taken", extension)
		}
	}
	if _, err := s.Deposit(strings.NewReader("x"), ".wav", box, "../other", 0, at); err == nil {
		t.Error("a folder outside of the box is taken")
	}
	if got, want := files(t, dir+"/voicemail/default/100"), []string{"Work/msg0000.txt", "Work/msg0000.wav"}; !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}
