package outbox

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSMTP: a server that wants TLS and a password gets the letter; one that refuses it for good is not asked again.
func TestSMTP(t *testing.T) {
	s := newServer(t)
	for _, test := range []struct {
		name string
		s    Settings
		log  string // "": it is sent
	}{
		{"STARTTLS and a password", Settings{User: "pbx", Password: "secret"}, ""},
		{"a wrong password", Settings{User: "pbx", Password: "wrong"}, "535"},
		{"no TLS", Settings{Security: "none"}, "530"},
		{"an unknown receiver", Settings{User: "pbx", Password: "secret"}, "was given up"},
		{"certificates of strangers", Settings{User: "pbx", Password: "secret", CAFile: "/dev/null"}, "no certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, dir, log := newOutbox(t)
			l := letter
			if test.name == "an unknown receiver" {
				l.To = []string{"nobody@example.com"}
			}
			put(t, o, dir, Job{Letters: []Letter{l}})
			test.s.Server = s.address
			if test.s.CAFile == "" {
				test.s.CAFile = s.certificate
			}
			if test.log != "" {
				run(t, o, test.s, func() bool { return strings.Contains(log.String(), test.log) })
				return
			}
			run(t, o, test.s, empty(dir))
			_, _, sound, _ := parts(t, <-s.got)
			if string(sound) != "RIFF sound" {
				t.Errorf("sound %q", sound)
			}
		})
	}
}

// server is an SMTP server that takes letters for example.com, except for nobody, from who has said a password within TLS.
type server struct {
	address, certificate string
	tls                  *tls.Config
	got                  chan []byte
}

func newServer(t *testing.T) *server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{certificate: filepath.Join(t.TempDir(), "ca.pem"), got: make(chan []byte, 10),
		tls: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}}
	if err := os.WriteFile(s.certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return s
}

func (s *server) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	in, secure, known := bufio.NewReader(conn), false, false
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 here")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch word, rest, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " "); {
		case word == "EHLO" && !secure:
			say("250-here\r\n250 STARTTLS")
		case word == "EHLO":
			say("250-here\r\n250 AUTH PLAIN LOGIN")
		case word == "STARTTLS":
			say("220 go on")
			t := tls.Server(conn, s.tls)
			conn, in, secure = t, bufio.NewReader(t), true
		case word == "AUTH":
			plain, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(line[len("AUTH PLAIN "):]))
			if known = string(plain) == "\x00pbx\x00secret"; known {
				say("235 welcome")
			} else {
				say("535 who?")
			}
		case word == "MAIL" && !known:
			say("530 say who you are")
		case word == "RCPT" && strings.Contains(rest, "NOBODY"):
			say("550 nobody of that name")
		case word == "DATA":
			say("354 go on")
			var text bytes.Buffer
			for {
				line, err := in.ReadString('\n')
				if err != nil || line == ".\r\n" {
					break
				}
				text.WriteString(strings.TrimPrefix(line, "."))
			}
			s.got <- text.Bytes()
			say("250 taken")
		case word == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}
