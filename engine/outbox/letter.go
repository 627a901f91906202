package outbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// sendTimeout bounds the sending of one letter: a long recording over a slow line.
const sendTimeout = 10 * time.Minute

// Letter is an e-mail.
type Letter struct {
	FromName, From string   // Voicemail, pbx@example.com
	ToName         string   // for all of To
	To             []string // addresses
	Subject, Body  string
	Charset        string            // of Body on the way; "" is UTF-8
	Attach         string            // the name of the recording; "" without it
	Headers        map[string]string // more of them
}

// Settings are how letters leave, and who writes down what is said.
type Settings struct {
	Command string // gets each letter on its standard input: "/usr/sbin/sendmail -t"; without Server

	Server         string // host:port of an SMTP server
	Security       string // starttls, which "" is, tls or none
	User, Password string
	CAFile         string // certificates that are trusted beside the system's

	Transcribe        string        // a command: it gets the path of the recording and prints the text
	TranscribeURL     string        // or an endpoint: the recording is posted, the text is the answer, or "text" in its JSON
	TranscribeTimeout time.Duration // 0: a minute
}

// refusedError is a refusal that no further try would change.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// contentTypes are those of recordings by their extensions.
var contentTypes = map[string]string{".wav": "audio/x-wav", ".WAV": "audio/x-wav", ".gsm": "audio/x-gsm", ".ulaw": "audio/basic", ".ogg": "audio/ogg", ".opus": "audio/ogg"}

func contentType(extension string) string {
	if t, ok := contentTypes[extension]; ok {
		return t
	}
	return "audio/x-" + strings.TrimPrefix(extension, ".")
}

// message is the letter as it goes on the wire. A letter that cannot be written is refused.
func (o *Outbox) message(j Job, l Letter) (*mail.Msg, error) {
	charset := l.Charset
	if charset == "" {
		charset = "UTF-8"
	}
	body, ok := encode(strings.ReplaceAll(l.Body, Transcription, j.Text), charset)
	if !ok {
		charset = "UTF-8"
	}
	m := mail.NewMsg(mail.WithCharset(mail.Charset(charset)), mail.WithEncoding(mail.EncodingQP), mail.WithNoDefaultUserAgent())
	_, host, found := strings.Cut(l.From, "@")
	if !found {
		if host, _ = os.Hostname(); host == "" {
			host = "localhost"
		}
		l.From += "@" + host
	}
	err := m.FromFormat(oneLine(l.FromName), l.From)
	for _, to := range l.To {
		err = errors.Join(err, m.AddToFormat(oneLine(l.ToName), to))
	}
	if err != nil {
		return nil, &refusedError{err}
	}
	m.SetDateWithValue(j.At)
	m.SetMessageIDWithValue(j.id + "." + strconv.Itoa(len(j.Letters)) + "@" + host) // the same at every try: who gets it twice can see that
	subject, _ := encode(oneLine(strings.ReplaceAll(l.Subject, Transcription, j.Text)), charset)
	m.Subject(subject)
	for name, value := range l.Headers {
		m.SetGenHeader(mail.Header(name), oneLine(value))
	}
	m.SetBodyString(mail.TypeTextPlain, body)
	if l.Attach != "" && j.Sound != "" {
		b, err := o.root.ReadFile(o.soundOf(j))
		if err != nil {
			return nil, err
		}
		m.AttachReadSeeker(l.Attach, bytes.NewReader(b), mail.WithFileContentType(mail.ContentType(contentType(j.Sound))))
	}
	return m, nil
}

// encode is text in a charset of one byte a letter, or in UTF-8; false when the charset is another, or has not all its letters.
func encode(text, charset string) (string, bool) {
	most := map[string]rune{"US-ASCII": 0x7f, "ISO-8859-1": 0xff}[strings.ToUpper(charset)]
	if strings.EqualFold(charset, "UTF-8") || most == 0 {
		return text, strings.EqualFold(charset, "UTF-8")
	}
	var b strings.Builder
	for _, r := range text {
		if r > most {
			return text, false
		}
		b.WriteByte(byte(r))
	}
	return b.String(), true
}

// oneLine keeps what a caller calls himself from adding headers.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// send sends one letter.
func (o *Outbox) send(ctx context.Context, j Job, l Letter, s Settings) error {
	m, err := o.message(j, l)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if s.Server == "" {
		return pipe(ctx, m, s.Command)
	}
	client, err := dialer(s)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, m)
	if refused := (*mail.SendError)(nil); errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500 {
		return &refusedError{err}
	}
	return err
}

// pipe gives a letter to a command.
func pipe(ctx context.Context, m *mail.Msg, command string) error {
	var text, said bytes.Buffer
	if _, err := m.WriteTo(&text); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	// Commands such as sendmail want the ends of lines that the system has.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(bytes.ReplaceAll(text.Bytes(), []byte("\r\n"), []byte("\n"))), &said, &said
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", command, err, strings.TrimSpace(said.String()[:min(said.Len(), 500)]))
	}
	return nil
}

// dialer is the client of an SMTP server.
func dialer(s Settings) (*mail.Client, error) {
	host, port, err := net.SplitHostPort(s.Server)
	if err != nil {
		host, port = s.Server, map[string]string{"tls": "465", "none": "25"}[s.Security]
	}
	options := []mail.Option{mail.WithTimeout(30 * time.Second)}
	n, err := strconv.Atoi(port)
	if err != nil {
		n = 587
	}
	options = append(options, mail.WithPort(n))
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, err
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate", s.CAFile)
		}
		options = append(options, mail.WithTLSConfig(&tls.Config{ServerName: host, RootCAs: pool, MinVersion: tls.VersionTLS12}))
	}
	switch s.Security {
	case "tls":
		options = append(options, mail.WithSSL())
	case "none":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.User), mail.WithPassword(s.Password))
	}
	return mail.NewClient(host, options...)
}
