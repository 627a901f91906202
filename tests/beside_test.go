package tests

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"asterism/tests/wire"
)

// cmdBeside: beside NAME open          what goes beside the voice of sipp NAME: its video and its fax; [beside] in its flows is the port
//
//	beside NAME film PT N [&]       N pictures of three packets to where the PBX wants NAME's video
//	beside NAME fax N [&]           N UDPTL datagrams to where it wants its fax
//	beside NAME ask pli|fir|nack    feedback on the video that came; nack of the packet before the last
//	beside NAME same OTHER          it got exactly what OTHER sent, within 2 s
//	beside NAME stats RE            what it received, printed, must match within 2 s
func cmdBeside(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2, "beside NAME open|film|fax|ask|same|stats …")
	s, name := sceneOf(ts), args[0]
	words, bg := background(args[1:])
	b := s.besides[name]
	if b == nil && words[0] != "open" {
		ts.Fatalf("beside %s is not open", name)
	}
	target := func(kind string) netip.AddrPort {
		to, err := s.besideTarget(name, kind)
		ts.Check(err)
		return to
	}
	var act func() error
	switch words[0] {
	case "open":
		if b != nil {
			b.Close()
		}
		s.openBeside(ts, name)
		return
	case "same":
		other := s.besides[words[1]]
		within(func() bool { same, _ := b.Got(other); return same })
		if same, text := b.Got(other); same == neg {
			ts.Fatalf("%s got %s", name, text)
		}
		return
	case "stats":
		re, err := regexp.Compile(strings.Join(words[1:], " "))
		ts.Check(err)
		if !within(func() bool { return re.MatchString(b.Stats()) != neg }) {
			ts.Fatalf("%s", b.Stats())
		}
		return
	case "film":
		to, pt, n := target("video"), byte(number(ts, words[1])), number(ts, words[2])
		act = func() error { return b.Film(to, pt, n) }
	case "fax":
		to, n := target("image"), number(ts, words[1])
		act = func() error { return b.Fax(to, n) }
	case "ask":
		to := target("video")
		act = func() error { return b.Ask(to, words[1], 1) }
	default:
		ts.Fatalf("beside: unknown word %q", words[0])
	}
	if !bg {
		ts.Check(act())
		return
	}
	s.busy.Add(1)
	go func() { // waited for by end
		defer s.busy.Done()
		if err := act(); err != nil && !errors.Is(err, net.ErrClosed) {
			fmt.Fprintf(os.Stderr, "beside %s: %v\n", name, err)
		}
	}()
}

// within waits up to two seconds for f.
func within(f func() bool) bool {
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if ok := f(); ok || time.Now().After(deadline) {
			return ok
		}
	}
}

func (s *scene) openBeside(ts *testscript.TestScript, name string) {
	port, err := s.ports.Block(2)
	ts.Check(err)
	host := "127.0.0.9"
	if strings.HasPrefix(name, "desk") {
		host = "127.0.0.8"
	}
	b, err := wire.OpenBeside(host, port)
	ts.Check(err)
	s.besides[name] = b
	s.vars["BESIDE-"+name] = fmt.Sprint(port)
}

// besideTarget is where the peer of sipp name asked for its video or its fax (kind: image).
func (s *scene) besideTarget(name, kind string) (to netip.AddrPort, err error) {
	r := s.sipps[name]
	if r == nil {
		return to, fmt.Errorf("beside %s: no sipp of that name", name)
	}
	within(func() bool { to, err = r.MediaOf(kind); return err == nil })
	return to, err
}

// besideKey is the port of what goes beside sipp name's voice, or one where nobody listens.
func (s *scene) besideKey(name string) string { return cmp.Or(s.vars["BESIDE-"+name], "6002") }
