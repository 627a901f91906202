package tests

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"asterism/tests/audio"
	"asterism/tests/baresip"
)

// tones are what the phones say, Hz: no two in a harmonic relation.
var tones = map[string]int{"alice": 440, "bob": 620, "carol": 770, "dave": 950, "bob2": 1130}

// cmdPhone: phone NAME start [tcp] [ipv6] [codecs=pcmu] [tone=440] [answer=auto] [calls=1] [display=Text] [ip=127.0.0.1] [modules=mwi]
//
//	register [user=bob] [password=…] [every=60]   account for user NAME; waits for REGISTER_OK, "!" for REGISTER_FAIL
//	account                   the same without registering; $AT_NAME is where it listens
//	call NUMBER|URI           rings [RE]       answer         talks         hangup        ended [RE]
//	ringback   progress       hold   resume    reinvite       digits 12#    digit 1
//	saw RE                    the phone's SIP trace matches within 3 s; "!" it does not now
//	media NAME                sets $NAME to where the phone sends its RTP
//	kill                      its power is cut     stop
func cmdPhone(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2, "phone NAME WORD…")
	s, name, word := sceneOf(ts), args[0], args[1]
	words, opts := options(args[2:])
	p := s.phones[name]
	if p == nil {
		switch word {
		case "start", "register", "account":
			p = s.startPhone(ts, name, words, opts)
		default:
			ts.Fatalf("phone %s was not started", name)
		}
	}
	arg := ""
	if word != "start" && word != "register" && word != "account" {
		arg = strings.Join(args[2:], " ")
	}
	do := func(command, params string) error {
		_, err := p.Command(command, params)
		return err
	}
	event := func(kind, param string) error {
		e, err := p.Wait(kind, param, cmp.Or(parseDuration(opts["within"]), patience))
		fmt.Fprintf(ts.Stdout(), "%s %s %s <%s>\n", e.Type, e.Param, e.PeerDisplayName, e.PeerURI)
		return err
	}
	var err error
	switch word {
	case "start":
	case "register":
		s.register(ts, neg, p, name, words, opts)
		return
	case "account":
		err = p.AddAccount(cmp.Or(opts["user"], name), s.password(name, opts), s.server(words), transport(words), 0)
	case "call":
		err = do("dial", s.target(arg, s.transports(name)))
	case "rings":
		err = event("CALL_INCOMING", arg)
	case "answer":
		if err = do("accept", ""); err == nil {
			err = event("CALL_ESTABLISHED", "")
		}
	case "talks":
		err = event("CALL_ESTABLISHED", "")
	case "ringback":
		err = event("CALL_RINGING", "")
	case "progress":
		err = event("CALL_PROGRESS", "")
	case "ended":
		err = event("CALL_CLOSED", arg)
	case "digit":
		err = event("CALL_DTMF_START", "^"+regexp.QuoteMeta(arg)+"$")
	case "digits":
		err = do("sndcode", arg)
	case "hangup", "hold", "resume", "reinvite":
		err = do(word, "")
	case "saw":
		err = s.saw(p, arg, neg)
	case "media":
		err = s.phoneMedia(ts, p, arg)
	case "kill":
		p.Kill()
	case "stop":
		p.Stop()
		delete(s.phones, name)
	default:
		ts.Fatalf("phone: unknown word %q", word)
	}
	verdict(ts, neg, err)
}

func parseDuration(text string) time.Duration {
	d, _ := time.ParseDuration(text)
	return d
}

func transport(words []string) string {
	if slices.Contains(words, "tcp") {
		return "tcp"
	}
	return "udp"
}

func (s *scene) server(words []string) string {
	if slices.Contains(words, "ipv6") {
		return s.vars["SIPSIX"]
	}
	return s.vars["SIP"]
}

func (s *scene) password(name string, opts map[string]string) string {
	return cmp.Or(opts["password"], "secret-of-"+cmp.Or(opts["user"], name))
}

// transports is "tcp" or "ipv6 tcp" …: how the phone was started. call needs it to complete a number.
func (s *scene) transports(name string) []string { return strings.Fields(s.vars["PHONE-"+name]) }

func (s *scene) target(arg string, words []string) string {
	if strings.HasPrefix(arg, "sip:") {
		return arg
	}
	return fmt.Sprintf("sip:%s@%s", arg, s.server(words)) // baresip adds its account's ;transport=
}

func (s *scene) startPhone(ts *testscript.TestScript, name string, words []string, opts map[string]string) *baresip.Phone {
	block, err := s.ports.Block(26)
	ts.Check(err)
	address := cmp.Or(opts["ip"], "127.0.0.1")
	if slices.Contains(words, "ipv6") {
		address = "::1"
	}
	tone, err := strconv.Atoi(cmp.Or(opts["tone"], fmt.Sprint(cmp.Or(tones[name], 1310))))
	ts.Check(err)
	calls, err := strconv.Atoi(cmp.Or(opts["calls"], "4"))
	ts.Check(err)
	p, err := baresip.Start(baresip.Config{Dir: filepath.Join(s.work, "phone-"+name), Name: name, Address: address, RTPPort: block, SIPPort: block + 20,
		CtrlPort: block + 24, Tone: tone, Codecs: opts["codecs"], Answer: opts["answer"], MaxCalls: calls, Display: opts["display"],
		Modules: strings.FieldsFunc(opts["modules"], func(r rune) bool { return r == ',' })})
	ts.Check(err)
	s.phones[name] = p
	s.vars["PHONE-"+name] = strings.Join(words, " ")
	s.set(ts, "AT_"+name, p.Address())
	return p
}

func (s *scene) register(ts *testscript.TestScript, neg bool, p *baresip.Phone, name string, words []string, opts map[string]string) {
	words = append(words, s.transports(name)...)
	every, err := strconv.Atoi(cmp.Or(opts["every"], "60"))
	ts.Check(err)
	ts.Check(p.AddAccount(cmp.Or(opts["user"], name), s.password(name, opts), s.server(words), transport(words), every))
	want := "REGISTER_OK"
	if neg {
		want = "REGISTER_FAIL"
	}
	e, err := p.Wait(want, "", patience)
	fmt.Fprintf(ts.Stdout(), "%s %s\n", e.Type, e.Param)
	ts.Check(err)
}

// saw looks at the trace for re. For "!" it looks once.
func (s *scene) saw(p *baresip.Phone, pattern string, neg bool) error {
	re, err := regexp.Compile("(?m)" + pattern)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(3 * time.Second); !re.MatchString(p.Trace()); time.Sleep(20 * time.Millisecond) {
		if neg || time.Now().After(deadline) {
			return fmt.Errorf("no %q in the phone's SIP", pattern)
		}
	}
	return nil
}

var (
	sdpConn  = regexp.MustCompile(`(?m)^c=IN IP[46] (\S+?)\r?$`)
	sdpAudio = regexp.MustCompile(`(?m)^m=audio (\d+) `)
)

// phoneMedia finds the PBX's SDP by its session name's neighbourhood: the last c= and m= that do not name the phone's own
// RTP ports.
func (s *scene) phoneMedia(ts *testscript.TestScript, p *baresip.Phone, name string) error {
	if name == "" {
		return errors.New("phone NAME media VARIABLE")
	}
	first, err := strconv.Atoi(s.vars["RTPSTART"])
	ts.Check(err)
	last, err := strconv.Atoi(s.vars["RTPEND"])
	ts.Check(err)
	text := p.Trace()
	conns := sdpConn.FindAllStringSubmatchIndex(text, -1)
	for _, m := range slices.Backward(sdpAudio.FindAllStringSubmatchIndex(text, -1)) {
		port, err := strconv.Atoi(text[m[2]:m[3]])
		if err != nil || port < first || port > last {
			continue
		}
		for _, c := range slices.Backward(conns) {
			if c[0] < m[0] {
				s.set(ts, name, fmt.Sprintf("%s:%d", text[c[2]:c[3]], port))
				return nil
			}
		}
	}
	return errors.New("the phone got no SDP of the PBX yet")
}

// ear is what can hear: a phone or an RTP peer.
type ear func() (pcm []int16, rate int)

// ear begins to listen now.
func (s *scene) ear(ts *testscript.TestScript, name string) ear {
	if r := s.rtps[name]; r != nil {
		from := r.Samples()
		return func() ([]int16, int) { return r.Heard(from), 8000 }
	}
	p := s.phones[name]
	if p == nil {
		ts.Fatalf("nobody is called %s", name)
	}
	from := p.Now()
	return func() ([]int16, int) { return p.Heard(from) }
}

// cmdHears: hears NAME HZ|PHONE [DURATION] [level=DBFS] [snr=DB]. From now on the tone is heard for half a second, within the
// duration (4 s). Where a level is given its loudest fifth of a second is within 1 dB of it; where an snr is given, a fifth of
// a second at that loudness stands so far above its neighbours.
// ! hears NAME HZ [DURATION]: for the duration (800 ms) it is not heard at all.
func cmdHears(ts *testscript.TestScript, neg bool, args []string) {
	args, opts := options(args)
	need(ts, args, 2, "hears NAME HZ|PHONE [DURATION] [level=DBFS] [snr=DB]")
	freq, err := strconv.Atoi(args[1])
	if err != nil {
		if freq = tones[args[1]]; freq == 0 {
			ts.Fatalf("%q is neither a frequency nor a phone", args[1])
		}
	}
	d := 4 * time.Second
	if neg {
		d = 800 * time.Millisecond
	}
	if len(args) > 2 {
		d = duration(ts, args[2])
	}
	snr := 0.0
	if opts["snr"] != "" {
		snr, err = strconv.ParseFloat(opts["snr"], 64)
		ts.Check(err)
	}
	listen, began := sceneOf(ts).ear(ts, args[0]), time.Now()
	if neg {
		time.Sleep(d)
		pcm, rate := listen()
		if silent, level := audio.Silent(pcm, rate, float64(freq)); !silent {
			ts.Fatalf("%s hears %d Hz: %v (%d samples)", args[0], freq, level, len(pcm))
		}
		return
	}
	for {
		pcm, rate := listen()
		ok, level := audio.Hears(pcm, rate, float64(freq), 500*time.Millisecond)
		if clear := audio.Clearest(pcm, rate, float64(freq)); ok && clear.SNR >= snr {
			ts.Logf("%s hears %d Hz: %v; at its clearest %v", args[0], freq, level, clear)
			if want, err := strconv.ParseFloat(opts["level"], 64); opts["level"] != "" && (err != nil || math.Abs(level.DBFS-want) > 1) {
				ts.Fatalf("%s hears %d Hz at %v, want %s dBFS", args[0], freq, level, opts["level"])
			}
			return
		}
		if time.Since(began) > d {
			ts.Fatalf("%s does not hear %d Hz in %d samples of %v: at best %v, at its clearest %v", args[0], freq, len(pcm), d, level,
				audio.Clearest(pcm, rate, float64(freq)))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// cmdKeyed: keyed NAME KEYS [DURATION]. The keys, and no others, are in what NAME has heard as tones since the scene began.
func cmdKeyed(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2, "keyed NAME KEYS [DURATION]")
	s, d := sceneOf(ts), 4*time.Second
	if len(args) > 2 {
		d = duration(ts, args[2])
	}
	keys := ""
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		switch r, p := s.rtps[args[0]], s.phones[args[0]]; {
		case r != nil:
			keys = audio.Keys(r.Heard(0), 8000)
		case p != nil:
			keys = audio.Keys(p.Heard(nil))
		default:
			ts.Fatalf("nobody is called %s", args[0])
		}
		if (keys == args[1]) != neg {
			return
		}
		if time.Since(began) > d {
			ts.Fatalf("%s has heard the keys %q", args[0], keys)
		}
	}
}

// cmdHeard: heard NAME PROMPT [DURATION]. The prompt made by "sound" is in what NAME has heard since the scene began.
func cmdHeard(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2, "heard NAME PROMPT [DURATION]")
	s, d := sceneOf(ts), 4*time.Second
	if neg {
		d = 0
	}
	if len(args) > 2 {
		d = duration(ts, args[2])
	}
	clip, _, err := audio.ReadWAV(filepath.Join(s.vars["DATA"], "lib", "sounds", "en", args[1]+".wav"), 0)
	ts.Check(err)
	all := func() []int16 {
		if r := s.rtps[args[0]]; r != nil {
			return r.Heard(0)
		}
		if p := s.phones[args[0]]; p != nil {
			pcm, _ := p.Heard(nil)
			return pcm
		}
		ts.Fatalf("nobody is called %s", args[0])
		return nil
	}
	for deadline := time.Now().Add(d); ; time.Sleep(200 * time.Millisecond) {
		pcm := all()
		match, at := audio.Contains(pcm, clip)
		if match > 0.8 {
			ts.Logf("%s heard %s %v into the recording, correlation %.2f", args[0], args[1], time.Duration(at)*time.Second/8000, match)
			verdict(ts, neg, nil)
			return
		}
		if time.Now().After(deadline) {
			verdict(ts, neg, fmt.Errorf("%s did not hear %s in %d samples: correlation %.2f", args[0], args[1], len(pcm), match))
			return
		}
	}
}
