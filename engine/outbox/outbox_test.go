package outbox

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// logged is what was logged, read while more is.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newOutbox(t *testing.T) (*Outbox, string, *logged) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	log := &logged{}
	return New(root, dir, zerolog.New(log)), dir, log
}

var letter = Letter{FromName: "PBX", From: "pbx@example.com", ToName: "Anna Bell", To: []string{"anna@example.com"}, Subject: "New message", Body: "Hello\n", Attach: "msg0000.wav"}

// put queues a job with a recording.
func put(t *testing.T, o *Outbox, dir string, j Job) {
	t.Helper()
	sound := filepath.Join(dir, "msg0000.wav")
	if err := os.WriteFile(sound, []byte("RIFF sound"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := o.Put(j, sound); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(sound); err != nil { // as delete=yes does
		t.Fatal(err)
	}
}

// run works until done says so.
func run(t *testing.T, o *Outbox, s Settings, done func() bool) (texts []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var mu sync.Mutex
	var wg sync.WaitGroup
	wg.Go(func() {
		o.Run(ctx, func() Settings { return s }, func(j Job) { mu.Lock(); defer mu.Unlock(); texts = append(texts, j.Text) })
	})
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("it is never done")
			break
		}
	}
	stop()
	wg.Wait()
	return texts
}

// queued are the files of the outbox.
func queued(dir string) string {
	names, _ := fs.Glob(os.DirFS(dir), "outbox/*")
	more, _ := fs.Glob(os.DirFS(dir), "outbox/failed/*")
	return strings.Join(append(names, more...), " ")
}

func empty(dir string) func() bool { return func() bool { return queued(dir) == "" } }

// parts are what a letter consists of, decoded.
func parts(t *testing.T, text []byte) (header mail.Header, body string, attachment []byte, name string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind == "text/plain" {
		b, _ := io.ReadAll(quotedprintable.NewReader(m.Body))
		return m.Header, string(b), nil, ""
	}
	in := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := in.NextRawPart()
		if err != nil {
			return m.Header, body, attachment, name
		}
		if p.FileName() != "" {
			attachment, _ = io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
			name = p.FileName() + " " + strings.Split(p.Header.Get("Content-Type"), ";")[0]
			continue
		}
		b, _ := io.ReadAll(quotedprintable.NewReader(p))
		body = string(b)
	}
}

func TestCommand(t *testing.T) {
	o, dir, _ := newOutbox(t)
	put(t, o, dir, Job{Mailbox: "100@default", Message: "1-a", Letters: []Letter{letter}})
	run(t, o, Settings{Command: "cat >" + dir + "/letter"}, empty(dir))
	text, err := os.ReadFile(dir + "/letter")
	if err != nil {
		t.Fatal(err)
	}
	header, body, sound, name := parts(t, text)
	if string(sound) != "RIFF sound" || name != "msg0000.wav audio/x-wav" || strings.TrimSpace(body) != "Hello" {
		t.Errorf("%q %q %q", body, sound, name)
	}
	if to := header.Get("To"); to != `"Anna Bell" <anna@example.com>` || header.Get("From") != `"PBX" <pbx@example.com>` {
		t.Errorf("%v", header)
	}
	if bytes.Contains(text, []byte("\r")) {
		t.Error("a command gets ends of lines with CR")
	}
}

// TestText: what callers call themselves stays where it is put, in any charset.
func TestText(t *testing.T) {
	for _, test := range []struct{ name, charset, caller, want, wantCharset string }{
		{"UTF-8", "", "Zoë ☎", "Zoë ☎", "UTF-8"},
		{"Latin-1", "ISO-8859-1", "Zoë", "Zo\xeb", "ISO-8859-1"},
		{"Latin-1 has no telephone", "ISO-8859-1", "☎", "☎", "UTF-8"},
		{"a charset that is not known", "KOI8-R", "x", "x", "UTF-8"},
		{"more headers", "", "x\r\nBcc: eve@example.com\n\nhi", "x\r\nBcc: eve@example.com\r\n\r\nhi", "UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, _, _ := newOutbox(t)
			l := letter
			l.Attach, l.Charset, l.Subject, l.Body, l.FromName = "", test.charset, test.caller, test.caller, test.caller
			l.Headers = map[string]string{"X-Asterisk-CallerIDName": test.caller}
			m, err := o.message(Job{}, l)
			if err != nil {
				t.Fatal(err)
			}
			var text bytes.Buffer
			if _, err := m.WriteTo(&text); err != nil {
				t.Fatal(err)
			}
			header, body, _, _ := parts(t, text.Bytes())
			_, params, _ := mime.ParseMediaType(header.Get("Content-Type"))
			if strings.TrimSpace(body) != test.want || params["charset"] != test.wantCharset {
				t.Errorf("%q in %q, want %q in %q", body, params["charset"], test.want, test.wantCharset)
			}
			if header.Get("Bcc") != "" {
				t.Error("a caller added a header")
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
			if want := strings.Map(func(r rune) rune { return max(r, ' ') }, test.caller); err != nil || subject != want {
				t.Errorf("subject %q, want %q; %v", subject, want, err)
			}
		})
	}
}

// TestAgain: a letter that was not sent stays, over the end of the process, until it is; one that is refused for good is put away.
func TestAgain(t *testing.T) {
	o, dir, log := newOutbox(t)
	put(t, o, dir, Job{Mailbox: "100@default", Letters: []Letter{letter, letter}})
	failing := func() bool { return strings.Contains(log.String(), "was not sent") }
	run(t, o, Settings{Command: "exit 75"}, failing)
	names, _ := fs.Glob(os.DirFS(dir), "outbox/*.json")
	j, err := o.read(strings.TrimSuffix(filepath.Base(names[0]), ".json"))
	if wait := time.Until(j.Next); err != nil || j.Tries != 1 || len(j.Letters) != 2 || wait < firstTry/2 || wait > firstTry {
		t.Fatalf("%+v %v", j, err)
	}
	j.Next = time.Time{}
	if err := o.write(j); err != nil {
		t.Fatal(err)
	}
	other := New(o.root, dir, o.log)
	run(t, other, Settings{Command: "cat >>" + dir + "/letters"}, empty(dir))
	text, _ := os.ReadFile(dir + "/letters")
	if n := bytes.Count(text, []byte("Subject: New message")); n != 2 {
		t.Errorf("%d letters", n)
	}
	bad := letter
	bad.To = []string{"no address"}
	put(t, o, dir, Job{Mailbox: "100@default", Letters: []Letter{bad}})
	run(t, o, Settings{Command: "true"}, func() bool { return strings.Count(queued(dir), "outbox/failed/") == 2 })
	if !strings.Contains(log.String(), "was given up") {
		t.Error(log)
	}
}

// TestBrokenJob: what is no job is put away, and stops no other.
func TestBrokenJob(t *testing.T) {
	o, dir, log := newOutbox(t)
	put(t, o, dir, Job{Letters: []Letter{letter}})
	for name, text := range map[string]string{"1-broken.json": "{", "2-way-out.json": `{"Sound":"/../../etc/passwd"}`} {
		if err := os.WriteFile(dir+"/outbox/"+name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	run(t, o, Settings{Command: "true"}, func() bool {
		return strings.Count(queued(dir), "outbox/") == 3 && strings.Contains(log.String(), "put away")
	})
	if got := queued(dir); got != "outbox/failed outbox/failed/1-broken.json outbox/failed/2-way-out.json" {
		t.Error(got)
	}
}

func TestTranscribe(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		switch {
		case r.URL.Path == "/json":
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			fmt.Fprintf(w, `{"text":"%s %s"}`, r.Header.Get("Content-Type"), b)
		case r.URL.Path == "/text":
			fmt.Fprintf(w, "call\n  me")
		case r.URL.Path == "/slow":
			<-r.Context().Done()
		default:
			http.Error(w, "no", http.StatusTeapot)
		}
	}))
	defer server.Close()
	for _, test := range []struct {
		name string
		s    Settings
		want string // "" when there is none
		log  string
	}{
		{"a command", Settings{Transcribe: "cat"}, "RIFF sound", ""},
		{"a command that fails", Settings{Transcribe: "echo sorry >&2; false"}, "", "sorry"},
		{"one that takes too long", Settings{Transcribe: "sleep 60; cat", TranscribeTimeout: 50 * time.Millisecond}, "", "no text within 50ms"},
		{"one that says nothing readable", Settings{Transcribe: `printf '\377' #`}, "", "UTF-8"},
		{"one that talks without end", Settings{Transcribe: "yes | head -c 100000 #"}, strings.TrimSpace(strings.Repeat("y ", maxText/2)), ""},
		{"an endpoint, JSON", Settings{TranscribeURL: server.URL + "/json"}, "audio/x-wav RIFF sound", ""},
		{"an endpoint, text", Settings{TranscribeURL: server.URL + "/text"}, "call me", ""},
		{"an endpoint that is slow", Settings{TranscribeURL: server.URL + "/slow", TranscribeTimeout: 50 * time.Millisecond}, "", "no text within"},
		{"an endpoint that refuses", Settings{TranscribeURL: server.URL + "/no"}, "", "418"},
		{"nobody any more", Settings{}, "", "no transcribe="},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, dir, log := newOutbox(t)
			l := letter
			l.Body = "He said: " + Transcription
			put(t, o, dir, Job{Message: "1-a", Transcribe: true, Letters: []Letter{l}})
			test.s.Command = "cat >" + dir + "/letter"
			texts := run(t, o, test.s, empty(dir))
			text, _ := os.ReadFile(dir + "/letter")
			_, body, _, _ := parts(t, text)
			if strings.TrimSpace(body) != strings.TrimSpace("He said: "+test.want) {
				t.Errorf("body %q", body)
			}
			if (len(texts) == 1) != (test.want != "") || len(texts) == 1 && texts[0] != test.want {
				t.Errorf("told %q", texts)
			}
			if !strings.Contains(log.String(), test.log) {
				t.Errorf("log %s", log)
			}
		})
	}
}
