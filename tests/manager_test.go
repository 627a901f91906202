package tests

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// manager is one client of the manager interface; what it was told since the last ask is kept.
type manager struct {
	conn net.Conn
	r    *bufio.Reader
}

// cmdManager: manager NAME open PORT | ask ACTION [Key=value …] | told RE [DURATION] | gone
//
// ask prints the response; told waits for a message that the expression matches (its lines joined by newlines), "! told" that none comes.
func cmdManager(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2, "manager NAME open|ask|told|gone …")
	s, name := sceneOf(ts), args[0]
	m := s.managers[name]
	if m == nil && args[1] != "open" {
		ts.Fatalf("manager %s is not open", name)
	}
	switch args[1] {
	case "open":
		need(ts, args, 3, "manager NAME open PORT")
		conn, err := net.DialTimeout("tcp", "127.0.0.1:"+args[2], patience)
		ts.Check(err)
		m = &manager{conn, bufio.NewReader(conn)}
		if s.managers == nil {
			s.managers = map[string]*manager{}
		}
		s.managers[name] = m
		ts.Defer(func() { _ = conn.Close() })
		line, err := m.r.ReadString('\n')
		ts.Check(err)
		if !strings.HasPrefix(line, "Asterisk Call Manager/") {
			ts.Fatalf("banner %q", line)
		}
	case "ask":
		need(ts, args, 3, "manager NAME ask ACTION [Key=value …]")
		var b strings.Builder
		fmt.Fprintf(&b, "Action: %s\r\nActionID: ask\r\n", args[2])
		for _, pair := range args[3:] {
			key, value, _ := strings.Cut(pair, "=")
			fmt.Fprintf(&b, "%s: %s\r\n", key, value)
		}
		_, err := m.conn.Write([]byte(b.String() + "\r\n"))
		ts.Check(err)
		text, err := m.find(regexp.MustCompile(`^Response: `), 20*time.Second)
		fmt.Fprint(ts.Stdout(), text)
		ts.Check(err)
	case "told":
		need(ts, args, 3, "manager NAME told RE [DURATION]")
		d := patience
		if neg {
			d = 500 * time.Millisecond
		}
		if len(args) > 3 {
			d = duration(ts, args[3])
		}
		text, err := m.find(regexp.MustCompile(args[2]), d)
		fmt.Fprint(ts.Stdout(), text)
		verdict(ts, neg, err)
	case "gone":
		_, err := m.find(regexp.MustCompile(`^$never`), 3*time.Second)
		if e, ok := err.(net.Error); ok && e.Timeout() {
			ts.Fatalf("the manager is still connected")
		}
	default:
		ts.Fatalf("manager: unknown word %q", args[1])
	}
}

// find reads messages until one matches.
func (m *manager) find(re *regexp.Regexp, d time.Duration) (string, error) {
	_ = m.conn.SetReadDeadline(time.Now().Add(d))
	var b strings.Builder
	for {
		line, err := m.r.ReadString('\n')
		if err != nil {
			return b.String(), err
		}
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			b.WriteString(line + "\n")
			continue
		}
		if re.MatchString(b.String()) {
			return b.String(), nil
		}
		b.Reset()
	}
}
