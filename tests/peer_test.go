package tests

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"asterism/tests/sipp"
	"asterism/tests/wire"
)

// cmdSIPp: sipp NAME FLOW [tcp] [to=EXTEN] [from=USER] [ip=…] [port=…] [calls=1] [rate=10] [limit=…] [au=…] [ap=…] [timeout=20s] [&]
//
//	sipp NAME wait | kill | saw RE | media VARIABLE (where its peer wants RTP)
//
// desk and desk2 listen at the static contacts of testdata/etc/pjsip.conf; everybody else is the trunk, 127.0.0.9. If an
// RTP peer NAME is open, the flow's SDP names its port. FLOW may be an .xml too.
func cmdSIPp(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2, "sipp NAME FLOW|wait|kill|saw …")
	s, name := sceneOf(ts), args[0]
	args, bg := background(args[1:])
	words, opts := options(args)
	r := s.sipps[name]
	switch {
	case r == nil || strings.Contains(words[0], "."):
		r = s.startSIPp(ts, name, words, opts)
		if bg {
			time.Sleep(150 * time.Millisecond) // until it listens; sipp does not tell
			if !r.Running() {
				ts.Fatalf("sipp %s ended at once\n%s", name, r.Errors())
			}
			return
		}
		verdict(ts, neg, r.Wait(parseDuration(cmp.Or(opts["timeout"], "20s"))+5*time.Second))
	case words[0] == "wait":
		verdict(ts, neg, r.Wait(parseDuration(cmp.Or(opts["timeout"], "25s"))))
	case words[0] == "kill":
		r.Kill()
	case words[0] == "media":
		need(ts, words, 2, "sipp NAME media VARIABLE")
		to, err := s.rtpTarget(name, "")
		ts.Check(err)
		s.set(ts, words[1], to.String())
	case words[0] == "saw":
		verdict(ts, neg, sippSaw(r, strings.Join(args[1:], " "), neg))
	default:
		ts.Fatalf("sipp: unknown word %q", words[0])
	}
}

func sippSaw(r *sipp.Run, pattern string, neg bool) error {
	re, err := regexp.Compile("(?m)" + pattern)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(3 * time.Second); !re.MatchString(r.Messages()); time.Sleep(20 * time.Millisecond) {
		if neg || time.Now().After(deadline) {
			return fmt.Errorf("no %q in sipp's messages", pattern)
		}
	}
	return nil
}

func (s *scene) startSIPp(ts *testscript.TestScript, name string, words []string, opts map[string]string) *sipp.Run {
	file := s.file(ts, "flows", words[0])
	if strings.HasSuffix(file, ".flow") {
		xml, err := sipp.XML(words[0], s.expand(ts.ReadFile(file)))
		ts.Check(err)
		file = filepath.Join(s.work, name+".sipp.xml")
		ts.Check(os.WriteFile(file, []byte(xml), 0o644))
	}
	block, err := s.ports.Block(10)
	ts.Check(err)
	local, port := "127.0.0.9", fmt.Sprint(block)
	switch name {
	case "desk":
		local, port = "127.0.0.8", s.vars["DESK"]
	case "desk2":
		local, port = "127.0.0.8", s.vars["DESKTWO"]
	}
	c := sipp.Config{Dir: s.work, Name: name, Scenario: file, Remote: s.vars["SIP"], Local: cmp.Or(opts["ip"], local), Port: number(ts, cmp.Or(opts["port"], port)),
		MediaPort: block + 2, Control: block + 8, TCP: slices.Contains(words, "tcp"), User: opts["to"], Timeout: parseDuration(opts["timeout"]),
		Calls: number(ts, cmp.Or(opts["calls"], "1")), Rate: number(ts, cmp.Or(opts["rate"], "10")), Limit: number(ts, cmp.Or(opts["limit"], "0")),
		Keys: map[string]string{"from": cmp.Or(opts["from"], name), "display": cmp.Or(opts["display"], name), "rtp": fmt.Sprint(block + 2), "beside": s.besideKey(name)},
		Args: []string{"-au", cmp.Or(opts["au"], "nobody"), "-ap", cmp.Or(opts["ap"], "nothing")}}
	if opts["au"] != "" { // sipp 3.6.1 would name the server alone in the digest's uri
		c.Args = append(c.Args, "-auth_uri", opts["to"]+"@"+c.Remote)
	}
	if strings.Contains(c.Local, ":") {
		c.Remote = s.vars["SIPSIX"]
	}
	if rtp := s.rtps[name]; rtp != nil {
		c.Keys["rtp"] = s.vars["RTP-"+name]
	}
	for k, v := range opts {
		if key, ok := strings.CutPrefix(k, "key."); ok {
			c.Keys[key] = v
		}
	}
	r, err := sipp.Start(c)
	ts.Check(err)
	if old := s.sipps[name]; old != nil {
		old.Stop()
	}
	s.sipps[name] = r
	return r
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// cmdWire: wire NAME open [tcp] [ip=127.0.0.7]
//
//	wire NAME send FILE [name=value…]    a message, ${NAME} filled in (see wire.Render; the options too, upper case)
//	wire NAME raw FILE                   the same, without waiting to be right
//	wire NAME expect STATUS [RE]         the next response but 100; RE matches the whole of it
//	wire NAME maybe STATUS [RE]          that response, or none at all
//	wire NAME gets METHOD DURATION       such a request comes
//	wire NAME pipeline N FILE | pieces FILE | flood BYTES | hangup      what TCP allows
//	wire NAME saw RE                     the last message matches
//	wire NAME auth USER PASSWORD         the last request again, with credentials
//	wire NAME again                      the last request again as a new one, with the same credentials
//	wire NAME steal OTHER                OTHER's last request, credentials and all
//	wire NAME silent DURATION            nothing comes
//	wire NAME closed                     the PBX closes the connection (within 15 s)
//	wire NAME fresh                      a new call
//	wire NAME same USER OTHER USER2      the last responses of NAME and OTHER differ in nothing but what must
func cmdWire(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2, "wire NAME open|send|expect|saw|auth|silent|closed|fresh|same …")
	s, name := sceneOf(ts), args[0]
	words, opts := options(args[1:])
	if words[0] == "open" {
		s.openWire(ts, name, words, opts)
		return
	}
	w := s.wires[name]
	if w == nil {
		ts.Fatalf("wire %s is not open", name)
	}
	var err error
	switch words[0] {
	case "send":
		need(ts, words, 2, "wire NAME send FILE")
		for k, v := range opts {
			w.Set(strings.ToUpper(k), v)
		}
		err = w.Send(ts.ReadFile(s.file(ts, "messages", words[1])))
	case "raw":
		need(ts, words, 2, "wire NAME raw FILE")
		err = w.SendRaw([]byte(ts.ReadFile(s.file(ts, "messages", words[1]))))
	case "expect":
		need(ts, words, 2, "wire NAME expect STATUS [RE]")
		err = expect(w, words[1], strings.Join(args[3:], " "))
	case "saw":
		err = matches(w.Last(), strings.Join(args[2:], " "))
	case "auth":
		need(ts, words, 3, "wire NAME auth USER PASSWORD")
		err = w.Authorize(words[1], words[2])
	case "maybe":
		need(ts, words, 2, "wire NAME maybe STATUS [RE]")
		err = maybe(w, words[1], strings.Join(args[3:], " "))
	case "gets":
		need(ts, words, 3, "wire NAME gets METHOD DURATION")
		err = gets(w, words[1], duration(ts, words[2]))
	case "pipeline", "pieces", "flood":
		err = s.stream(ts, w, words, opts)
	case "hangup":
		w.Close()
	case "again":
		err = w.Again()
	case "steal":
		need(ts, words, 2, "wire NAME steal OTHER")
		err = w.Steal(s.wires[words[1]])
	case "silent":
		var msg string
		if msg, err = w.Receive(duration(ts, words[1])); err == nil {
			ts.Fatalf("got\n%s", msg)
		}
		err = nil
	case "closed":
		err = closed(w)
	case "fresh":
		w.Fresh()
	case "same":
		need(ts, words, 4, "wire NAME same USER OTHER USER2")
		a, b := wire.Masked(w.Last(), words[1]), wire.Masked(s.wires[words[2]].Last(), words[3])
		if a != b {
			err = fmt.Errorf("not the same:\n%s\n---\n%s", a, b)
		}
	default:
		ts.Fatalf("wire: unknown word %q", words[0])
	}
	verdict(ts, neg, err)
}

func (s *scene) openWire(ts *testscript.TestScript, name string, words []string, opts map[string]string) {
	transport, pbx := "udp", s.vars["SIP"]
	if slices.Contains(words, "tcp") {
		transport = "tcp"
	}
	local := cmp.Or(opts["ip"], "127.0.0.7")
	if strings.Contains(local, ":") {
		pbx = s.vars["SIPSIX"]
	}
	if old := s.wires[name]; old != nil {
		old.Close()
	}
	w, err := wire.OpenSIP(transport, local, pbx)
	ts.Check(err)
	s.wires[name] = w
}

func expect(w *wire.SIP, status, pattern string) error {
	got, err := w.Response(patience)
	if err != nil {
		return fmt.Errorf("no response, want %s: %w", status, err)
	}
	if ok, err := regexp.MatchString("^("+status+")$", fmt.Sprint(got)); err != nil || !ok {
		return fmt.Errorf("got %d, want %s:\n%s", got, status, w.Last())
	}
	return matches(w.Last(), pattern)
}

func maybe(w *wire.SIP, status, pattern string) error {
	got, err := w.Response(400 * time.Millisecond)
	if err != nil {
		return nil
	}
	if ok, err := regexp.MatchString("^("+status+")$", fmt.Sprint(got)); err != nil || !ok {
		return fmt.Errorf("got %d, want %s or silence:\n%s", got, status, w.Last())
	}
	return matches(w.Last(), pattern)
}

// gets waits for a request of the method and answers it 200; whatever else comes is passed over.
func gets(w *wire.SIP, method string, d time.Duration) error {
	for deadline := time.Now().Add(d); ; {
		msg, err := w.Receive(time.Until(deadline))
		if err != nil {
			return fmt.Errorf("no %s within %v: %w", method, d, err)
		}
		if strings.HasPrefix(msg, method+" ") {
			return w.Reply(msg, "200 OK")
		}
	}
}

// stream plays with TCP: several messages at once, one in pieces of 7 bytes, letters without an end.
func (s *scene) stream(ts *testscript.TestScript, w *wire.SIP, words []string, opts map[string]string) error {
	need(ts, words, 2, "wire NAME pipeline N FILE | pieces FILE | flood BYTES")
	for k, v := range opts {
		w.Set(strings.ToUpper(k), v)
	}
	switch words[0] {
	case "flood":
		for left := number(ts, words[1]); left > 0; left -= 1000 {
			if w.SendRaw([]byte(strings.Repeat("abcdefgh: ", 100))) != nil {
				return nil // cut off, which is what "closed" looks for
			}
		}
		return nil
	case "pieces":
		b := []byte(w.Render(ts.ReadFile(s.file(ts, "messages", words[1]))))
		for chunk := range slices.Chunk(b, 7) {
			if err := w.SendRaw(chunk); err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
		}
		return nil
	}
	need(ts, words, 3, "wire NAME pipeline N FILE")
	var all strings.Builder
	for range number(ts, words[1]) {
		w.Fresh()
		all.WriteString(w.Render(ts.ReadFile(s.file(ts, "messages", words[2]))))
	}
	return w.SendRaw([]byte(all.String()))
}

func matches(msg, pattern string) error {
	re, err := regexp.Compile("(?m)" + pattern)
	if err != nil {
		return err
	}
	if !re.MatchString(msg) {
		return fmt.Errorf("no %q in\n%s", pattern, msg)
	}
	return nil
}

func closed(w *wire.SIP) error {
	for deadline := time.Now().Add(15 * time.Second); ; {
		_, err := w.Receive(time.Until(deadline))
		if errors.Is(err, wire.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the connection is still open: %w", err)
		}
	}
}
