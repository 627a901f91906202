package tests

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"asterism/tests/audio"
	"asterism/tests/process"
)

// TestLetter: a message comes as an e-mail, with what was said in the recording and in words.
func TestLetter(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	address, letters := sink(t)
	h := newHouse(t, process.NewPorts(), 10, `extensions = { internal = { ["700"] = function() app.VoiceMail("100", "st") end } }`,
		"[general]\nformat = wav\nserveremail = pbx@example.com\nfromstring = The office\nsmtpserver = "+address+"\nsmtpsecurity = none\n"+
			"transcribe = echo call me back after hearing\nemailsubject = ${VM_CIDNUM} has called\nemailbody = It says: ${VM_TRANSCRIPTION}\n"+
			"[default]\n100 => 1234,Anna Bell,anna@example.com\n")
	h.start()
	h.call("600", 2*time.Second)
	text := next(t, letters)
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Subject": "600 has called", "To": `"Anna Bell" <anna@example.com>`, "From": `"The office" <pbx@example.com>`} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	said, path := "", filepath.Join(t.TempDir(), "got.wav")
	for in := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := in.NextPart() // quoted-printable is decoded
		if err != nil {
			break
		}
		if p.FileName() == "msg0000.wav" {
			b, _ := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		b, _ := io.ReadAll(p)
		said += string(b)
	}
	if !regexp.MustCompile(`It says: call me back after hearing \S+/outbox/\S+\.wav`).MatchString(said) {
		t.Errorf("it says %q", said)
	}
	pcm, rate, err := audio.ReadWAV(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	if ok, level := audio.Hears(pcm, rate, 440, time.Second); !ok {
		t.Errorf("the recording has no 440 Hz: %v", level)
	}
	note, err := os.ReadFile(filepath.Join(h.dir, "spool/voicemail/default/100/INBOX/msg0000.txt"))
	if err != nil || !bytes.Contains(note, []byte("\ntranscription=call me back after hearing")) {
		t.Errorf("%s %v", note, err)
	}
	for _, problem := range checkSpool(filepath.Join(h.dir, "spool/voicemail")) {
		t.Error(problem)
	}
	if left, _ := filepath.Glob(filepath.Join(h.dir, "spool/outbox/*.json")); len(left) > 1 { // the last may be on its way out
		t.Errorf("%v", left)
	}
}

// TestLetterAfterDeath: what was said of a message when the process died comes as a letter, too.
func TestLetterAfterDeath(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	address, letters := sink(t)
	h := newHouse(t, process.NewPorts(), 10, `extensions = { internal = { ["700"] = function() app.VoiceMail("100", "st") end } }`,
		"[general]\nformat = wav\nsmtpserver = "+address+"\nsmtpsecurity = none\nemailsubject = ${VM_CIDNUM} was cut off\n[default]\n100 => 1234,Anna Bell,anna@example.com\n")
	h.start()
	_, rtp, to := h.dial("600")
	if err := rtp.Tone(to, 0, 440, 2500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	h.pbx.Kill()
	h.start()
	m, err := mail.ReadMessage(bytes.NewReader(next(t, letters)))
	if err != nil || m.Header.Get("Subject") != "600 was cut off" {
		t.Errorf("%v %v", m, err)
	}
	for _, problem := range checkSpool(filepath.Join(h.dir, "spool/voicemail")) {
		t.Error(problem)
	}
}

func next(t *testing.T, letters <-chan []byte) []byte {
	t.Helper()
	select {
	case text := <-letters:
		return text
	case <-time.After(15 * time.Second):
		t.Fatal("no letter came")
		return nil
	}
}

// sink is an SMTP server that takes everything.
func sink(t *testing.T) (address string, letters chan []byte) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	letters = make(chan []byte, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if text := receive(conn); text != nil {
				letters <- text
			}
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String(), letters
}

// receive is one conversation: its letter, nil without one.
func receive(conn net.Conn) (letter []byte) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, "220 sink\r\n")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return letter
		}
		switch word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " "); word {
		case "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			for {
				line, err := in.ReadString('\n')
				if err != nil || line == ".\r\n" {
					break
				}
				letter = append(letter, strings.TrimPrefix(line, ".")...)
			}
			fmt.Fprint(conn, "250 taken\r\n")
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return letter
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}
