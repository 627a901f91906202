package tests

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"asterism/tests/audio"
	"asterism/tests/wire"
)

// cmdRTP: rtp NAME open [ip=127.0.0.9] [loss=N] [swap=N] [double=N] [jitter=D]     the media socket of sipp NAME, or a stranger's;
// its port is $RTP_NAME. What it sends meets the faults: each N-th packet is lost, comes after the one behind it, comes twice
//
//	rtp NAME tone HZ DURATION [alaw] [as=PT] [to=HOST:PORT] [&]     as: another payload type on it; to: default where sipp NAME's peer wants it
//	rtp NAME digits 12# | garbage COUNT [to=…] [&]
//	rtp NAME stats RE        what it received, printed, must match
//	rtp NAME follows OTHER   it got what OTHER's packets were when they reached the PBX: their order, losses, duplicates
//	rtp NAME gap HZ D        no pause in the tone it got is longer than D, by the timestamps; "!" one is
//	rtp NAME stops 555 D [tones]    each key, pressed while sound comes, stops it within D of the key's first packet; a second for each
//	rtp NAME starts 555 D [tones]   each key, pressed while none comes, brings some within D of the key's first packet; a second for each
//	rtp NAME renew           it goes on as another stream: SSRC, sequence, timestamp
func cmdRTP(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2, "rtp NAME open|tone|digits|garbage|stats …")
	s, name := sceneOf(ts), args[0]
	args, bg := background(args[1:])
	words, opts := options(args)
	r := s.rtps[name]
	if words[0] == "open" {
		s.openRTP(ts, name, opts)
		return
	}
	if r == nil {
		ts.Fatalf("rtp %s is not open", name)
	}
	if words[0] == "stats" {
		text := r.Stats().String()
		fmt.Fprintln(ts.Stdout(), text)
		re, err := regexp.Compile(strings.Join(words[1:], " "))
		ts.Check(err)
		if re.MatchString(text) == neg {
			ts.Fatalf("%s", text)
		}
		return
	}
	switch words[0] {
	case "renew":
		r.Renew()
		return
	case "follows":
		need(ts, words, 2, "rtp NAME follows OTHER")
		ok, n := r.Follows(s.rtps[words[1]])
		ts.Logf("%d packets of %s", n, name)
		if ok == neg || n < 50 {
			ts.Fatalf("%s got %d packets; they follow those of %s: %v", name, n, words[1], ok)
		}
		return
	case "gap":
		need(ts, words, 3, "rtp NAME gap HZ DURATION")
		pcm := r.Placed()
		gap := audio.Gap(pcm, 8000, float64(number(ts, words[1])))
		ts.Logf("%s hears %s Hz with a gap of %v at most in %d samples", name, words[1], gap, len(pcm))
		if (gap > duration(ts, words[2])) != neg || len(pcm) < 8000 {
			ts.Fatalf("%s hears %s Hz with a gap of %v in %d samples", name, words[1], gap, len(pcm))
		}
		return
	}
	to, err := s.rtpTarget(name, opts["to"])
	ts.Check(err)
	need(ts, words, 2, "rtp NAME tone|digits|garbage WHAT")
	var act func() error
	switch words[0] {
	case "tone":
		need(ts, words, 3, "rtp NAME tone HZ DURATION")
		pt, freq, d := byte(0), number(ts, words[1]), duration(ts, words[2])
		if slices.Contains(words, "alaw") {
			pt = 8
		}
		if as := opts["as"]; as != "" {
			pt = byte(number(ts, as))
		}
		act = func() error { return r.Tone(to, pt, float64(freq), d) }
	case "digits":
		act = func() error { return r.Digits(to, words[1]) }
	case "keys":
		act = func() error { return r.Keys(to, words[1]) }
	case "stops", "starts":
		need(ts, words, 3, "rtp NAME stops|starts KEYS DURATION")
		s.reacts(ts, r, to, words[0], words[1], duration(ts, words[2]), slices.Contains(words, "tones"))
		return
	case "garbage":
		n := number(ts, words[1])
		act = func() error { return r.Garbage(to, n) }
	default:
		ts.Fatalf("rtp: unknown word %q", words[0])
	}
	if bg {
		s.busy.Add(1)
		go func() { // waited for by end
			defer s.busy.Done()
			if err := act(); err != nil && !errors.Is(err, net.ErrClosed) {
				fmt.Fprintf(os.Stderr, "rtp %s: %v\n", name, err)
			}
		}()
		return
	}
	ts.Check(act())
}

// reacts presses keys, one a second, and wants the sound that comes to stop, or to start, within d of each one's first packet.
func (s *scene) reacts(ts *testscript.TestScript, r *wire.RTP, to netip.AddrPort, what, keys string, d time.Duration, tones bool) {
	var took []time.Duration
	for i, key := range strings.Split(keys, "") {
		got, err := r.React(to, key, tones)
		ts.Check(err)
		plays := got.Before >= 3
		if what == "stops" {
			took = append(took, got.Last)
		} else {
			took = append(took, got.First)
		}
		switch {
		case plays != (what == "stops"):
			ts.Fatalf("key %d: %d packets came in the 100 ms before it", i+1, got.Before)
		case what == "starts" && got.First == 0:
			ts.Fatalf("key %d: no sound within half a second of it", i+1)
		}
		time.Sleep(500 * time.Millisecond)
	}
	ts.Logf("the sound %s after %v", what, took)
	if slices.Max(took) > d {
		ts.Fatalf("the sound %s after %v; want %v at most", what, took, d)
	}
}

func (s *scene) openRTP(ts *testscript.TestScript, name string, opts map[string]string) {
	port, err := s.ports.Block(2)
	ts.Check(err)
	host := "127.0.0.9"
	if name == "desk" || name == "desk2" {
		host = "127.0.0.8"
	}
	road := &wire.Road{Loss: number(ts, cmp.Or(opts["loss"], "0")), Swap: number(ts, cmp.Or(opts["swap"], "0")),
		Double: number(ts, cmp.Or(opts["double"], "0")), Jitter: parseDuration(opts["jitter"])}
	if *road == (wire.Road{}) {
		road = nil
	}
	r, err := wire.OpenRTP(net.JoinHostPort(cmp.Or(opts["ip"], host), fmt.Sprint(port)), road)
	ts.Check(err)
	s.rtps[name] = r
	s.vars["RTP-"+name] = fmt.Sprint(port)
	s.set(ts, "RTP_"+name, fmt.Sprint(port))
}

// rtpTarget is to, or where the peer of sipp name asked for media; the SDP may still be on its way.
func (s *scene) rtpTarget(name, to string) (netip.AddrPort, error) {
	if to != "" {
		return netip.ParseAddrPort(to)
	}
	r := s.sipps[name]
	if r == nil {
		return netip.AddrPort{}, fmt.Errorf("rtp %s: no sipp of that name; say to=HOST:PORT", name)
	}
	for deadline := time.Now().Add(3 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if m, err := r.Media(); err == nil || time.Now().After(deadline) {
			return m, err
		}
	}
}
