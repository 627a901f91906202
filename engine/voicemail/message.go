package voicemail

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Message is what the .txt beside a recording says.
type Message struct {
	OrigMailbox string
	Context     string // of the caller's extension
	Exten       string
	RDNIS       string // "unknown" without one
	Priority    int
	CallerChan  string
	CallerID    string // `"name" <number>`, or Unknown
	Time        time.Time
	Category    string
	ID          string // seconds since 1970, a hyphen, eight hexadecimal digits
	Flag        string // Urgent, or nothing
	Duration    time.Duration

	Transcription string // what the recording says, if somebody has written it down; ours, not Asterisk's

	Number int    // in its folder, from 0
	Path   string // of the sound, absolute, without the extension
}

// origDate is how Asterisk writes the moment for people, in UTC.
const origDate = "Mon Jan _2 03:04:05 PM UTC 2006"

// maxText bounds what is read of a .txt, bytes.
const maxText = 64 << 10

// text is the .txt: three lines of comment, then the fields in Asterisk's order.
func (m Message) text() []byte {
	var b bytes.Buffer
	b.WriteString(";\n; A voice message\n;\n[message]\n")
	for _, f := range [][2]string{
		{"origmailbox", m.OrigMailbox}, {"context", m.Context}, {"exten", m.Exten}, {"rdnis", m.RDNIS}, {"priority", strconv.Itoa(m.Priority)},
		{"callerchan", m.CallerChan}, {"callerid", m.CallerID}, {"origdate", m.Time.UTC().Format(origDate)},
		{"origtime", strconv.FormatInt(m.Time.Unix(), 10)}, {"category", m.Category}, {"msg_id", m.ID}, {"flag", m.Flag},
		{"duration", strconv.Itoa(int(m.Duration.Round(time.Second) / time.Second))},
	} {
		fmt.Fprintf(&b, "%s=%s\n", f[0], oneLine(f[1]))
	}
	if m.Transcription != "" {
		fmt.Fprintf(&b, "transcription=%s\n", oneLine(m.Transcription))
	}
	return b.Bytes()
}

// oneLine keeps a caller's name from adding fields of its own.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s))
}

// parse reads a .txt, of any writer: fields it does not know are passed over, those that are missing are zero. A message without an id
// of its own gets one of what else it says.
func parse(text []byte) (m Message) {
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, maxText)
	for in.Scan() {
		name, value, found := strings.Cut(in.Text(), "=")
		if !found || strings.HasPrefix(name, ";") {
			continue
		}
		value = oneLine(value)
		number, _ := strconv.ParseInt(value, 10, 64) // what is no number counts as 0
		switch strings.TrimSpace(name) {
		case "origmailbox":
			m.OrigMailbox = value
		case "context":
			m.Context = value
		case "exten":
			m.Exten = value
		case "rdnis":
			m.RDNIS = value
		case "priority":
			m.Priority = int(number)
		case "callerchan":
			m.CallerChan = value
		case "callerid":
			m.CallerID = value
		case "origtime":
			m.Time = time.Unix(number, 0)
		case "category":
			m.Category = value
		case "msg_id":
			m.ID = value
		case "flag":
			m.Flag = value
		case "transcription":
			m.Transcription = value
		case "duration":
			m.Duration = time.Duration(min(max(number, 0), 1<<20)) * time.Second
		}
	}
	if m.ID == "" {
		m.ID = fmt.Sprintf("%d-%s-%d", m.Time.Unix(), m.CallerChan, m.Duration/time.Second)
	}
	return m
}
