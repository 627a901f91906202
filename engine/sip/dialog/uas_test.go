package dialog

import (
	"errors"
	"strings"
	"testing"
	"time"

	"asterism/engine/sip"
)

// up makes an answered call from the phone.
func up(t *testing.T, x *pbx, p *phone) (*half, *leg) {
	t.Helper()
	h := p.dials(x)
	h.invite("offer")
	l := x.incoming()
	l.d.Answer([]byte("answer"), false)
	h.remote = p.expect("SIP/2.0 200").tag("To")
	h.request("ACK", "")
	l.await(confirmed)
	return h, l
}

// hangUp ends a call from the phone's side.
func (h *half) hangUp(l *leg) {
	h.p.t.Helper()
	h.request("BYE", "")
	h.p.expect("SIP/2.0 200")
	l.expect("ended BYE")
	l.over()
}

func TestAnsweredCall(t *testing.T) {
	eachProto(t, func(t *testing.T, x *pbx, p *phone) {
		h := p.dials(x)
		h.invite("offer")
		l := x.incoming()
		l.d.Progress(180, nil)
		ringing := p.expect("SIP/2.0 180")
		l.d.Progress(183, []byte("early"))
		if w := p.expect("SIP/2.0 183"); w.body != "early" || w.get("Content-Type") != "application/sdp" || w.tag("To") != ringing.tag("To") {
			t.Errorf("got\n%s", w.raw)
		}
		l.d.Answer([]byte("answer"), false, sip.NewHeader("X-Answer", "1"))
		ok := p.expect("SIP/2.0 200")
		if ok.body != "answer" || ok.tag("To") != ringing.tag("To") || ok.get("Contact") == "" || ok.get("Allow") == "" || ok.get("X-Answer") != "1" {
			t.Errorf("got\n%s", ok.raw)
		}
		h.remote = ok.tag("To")
		h.request("ACK", "")
		h.hangUp(l)
		if e := l.gone(); e.Err != nil || e.Request == nil {
			t.Errorf("end %+v", e)
		}
		h.request("INFO", "")
		p.expect("SIP/2.0 481")
		h.request("BYE", "")
		p.expect("SIP/2.0 481")
	})
}

func Test2xxIsRepeatedUntilACK(t *testing.T) {
	eachProto(t, func(t *testing.T, x *pbx, p *phone) {
		h := p.dials(x)
		h.invite("offer")
		l := x.incoming()
		l.d.Answer([]byte("answer"), false)
		ok := p.expect("SIP/2.0 200")
		last, gaps := ok.at, []time.Duration{}
		for range 4 {
			w := p.again(ok)
			gaps = append(gaps, w.at.Sub(last))
			last = w.at
		}
		for i, want := range []time.Duration{1, 2, 4, 8} { // T1 doubling to T2
			if gaps[i] < want*testT1/2 {
				t.Errorf("repetition %d after %v, want about %v", i, gaps[i], want*testT1)
			}
		}
		h.remote = ok.tag("To")
		h.requestSeq("ACK", 99, "") // another INVITE's
		p.again(ok)
		h.request("ACK", "")
		h.request("ACK", "")
		h.request("OPTIONS", "")
		p.expect("SIP/2.0 200 OK")
		p.drain()
		p.quiet(10 * testT1)
		l.expect("request OPTIONS")
		h.hangUp(l)
	})
}

// drain forgets what has come.
func (p *phone) drain() {
	for p.next(time.Millisecond) != nil {
	}
}

func TestNoACKEndsWithBye(t *testing.T) {
	x, p := udpPair(t, Config{T1: hasty})
	h := p.dials(x)
	h.invite("offer")
	l := x.incoming()
	begin := time.Now()
	l.d.Answer([]byte("answer"), false)
	h.remote = p.expect("SIP/2.0 200").tag("To")
	bye := p.expect("BYE ")
	if d := time.Since(begin); d < 64*hasty {
		t.Errorf("BYE after %v, want %v", d, 64*hasty)
	}
	l.expect("ended " + ErrNoACK.Error())
	p.reply(x, bye, "200 OK", "", "")
	l.over()
}

func TestLateOffer(t *testing.T) {
	x, p := udpPair(t)
	h := p.dials(x)
	h.invite("")
	l := x.incoming()
	l.d.Progress(180, nil)
	h.remote = p.expect("SIP/2.0 180").tag("To")
	h.request("UPDATE", "offer") // ours is due or open
	p.expect("SIP/2.0 491")
	l.d.Answer([]byte("our offer"), true)
	p.expect("SIP/2.0 200")
	h.request("UPDATE", "offer")
	p.expect("SIP/2.0 491")
	h.requestSeq("ACK", 1, "their answer")
	l.expect("ack their answer")
	h.request("UPDATE", "offer")
	p.expect("SIP/2.0 200")
	l.expect("offer offer")
	h.hangUp(l)
}

func TestCancel(t *testing.T) {
	eachProto(t, func(t *testing.T, x *pbx, p *phone) {
		h := p.dials(x)
		branch := h.invite("offer")
		l := x.incoming()
		l.d.Progress(180, nil)
		p.expect("SIP/2.0 180")
		p.send(x, h.text("CANCEL", 1, branch, "", "Reason: SIP;cause=200"))
		p.expect("SIP/2.0 200")
		end := p.expect("SIP/2.0 487")
		l.expect("ended CANCEL")
		if !errors.Is(l.gone().Err, ErrCancelled) || sip.HeaderValue(l.gone().Request, "Reason") == "" {
			t.Errorf("end %+v", l.gone())
		}
		h.remote = end.tag("To")
		p.send(x, h.text("ACK", 1, branch, ""))
		l.over()
	})
}

// The stack has refused the INVITE already when the script's 200 comes: nobody will acknowledge that one.
func TestAnswerLosesAgainstCancel(t *testing.T) {
	x, p := udpPair(t)
	h := p.dials(x)
	branch := h.invite("offer")
	l := x.incoming()
	release := l.block()
	l.d.Answer([]byte("answer"), false)
	p.send(x, h.text("CANCEL", 1, branch, ""))
	p.expect("SIP/2.0 200")
	h.remote = p.expect("SIP/2.0 487").tag("To")
	p.send(x, h.text("ACK", 1, branch, ""))
	release()
	l.expect("ended ")
	if !errors.Is(l.gone().Err, ErrCancelled) {
		t.Errorf("end %+v", l.gone())
	}
	l.over()
	p.quiet(5 * testT1)
}

// The other way round: the CANCEL comes after the 200 and has no effect (§9.2).
func TestCancelLosesAgainstAnswer(t *testing.T) {
	x, p := udpPair(t)
	h := p.dials(x)
	branch := h.invite("offer")
	l := x.incoming()
	l.d.Answer([]byte("answer"), false)
	h.remote = p.expect("SIP/2.0 200").tag("To")
	h.remote = ""
	p.send(x, h.text("CANCEL", 1, branch, ""))
	h.remote = p.expect("SIP/2.0 200").tag("To") // of the CANCEL
	h.request("ACK", "")
	h.hangUp(l)
}

func TestHangupUnanswered(t *testing.T) {
	t.Run("unanswered", func(t *testing.T) {
		x, p := udpPair(t)
		h := p.dials(x)
		branch := h.invite("offer")
		l := x.incoming()
		l.d.Hangup(486, "Q.850;cause=17", sip.NewHeader("X-Why", "1"))
		l.d.Hangup(480, "")
		l.d.Answer(nil, false)
		w := p.expect("SIP/2.0 486")
		if w.get("Reason") != "Q.850;cause=17" || w.get("X-Why") != "1" {
			t.Errorf("got\n%s", w.raw)
		}
		h.remote = w.tag("To")
		p.send(x, h.text("ACK", 1, branch, ""))
		l.expect("ended us")
		l.over()
	})
	t.Run("rejected", func(t *testing.T) {
		x, p := udpPair(t)
		h := p.dials(x)
		branch := h.invite("offer")
		l := x.incoming()
		l.d.Reject(200) // no refusal
		h.remote = p.expect("SIP/2.0 603").tag("To")
		p.send(x, h.text("ACK", 1, branch, ""))
		l.expect("ended us")
		l.over()
	})
}

func TestHangupAnswered(t *testing.T) {
	t.Run("before the ACK", func(t *testing.T) { // §15: the BYE waits for it
		x, p := udpPair(t)
		h := p.dials(x)
		h.invite("offer")
		l := x.incoming()
		l.d.Answer([]byte("answer"), false)
		h.remote = p.expect("SIP/2.0 200").tag("To")
		l.d.Hangup(0, "Q.850;cause=16")
		l.expect("ended us")
		p.quiet(4 * testT1)
		h.request("UPDATE", "offer") // the handler is not to hear of it
		p.expect("SIP/2.0 481")
		h.requestSeq("ACK", 1, "")
		bye := p.expect("BYE ")
		if bye.get("Reason") != "Q.850;cause=16" {
			t.Errorf("got\n%s", bye.raw)
		}
		p.reply(x, bye, "200 OK", "", "")
		l.over()
	})
	t.Run("confirmed", func(t *testing.T) {
		x, p := udpPair(t)
		h, l := up(t, x, p)
		l.d.Hangup(0, "")
		l.expect("ended us")
		bye := p.expect("BYE ")
		h.request("INFO", "")
		p.expect("SIP/2.0 481")
		h.request("INVITE", "offer")
		p.expect("SIP/2.0 481")
		p.reply(x, bye, "200 OK", "", "")
		l.over()
	})
	t.Run("against a BYE", func(t *testing.T) {
		x, p := udpPair(t)
		h, l := up(t, x, p)
		l.d.Hangup(0, "")
		l.expect("ended us")
		bye := p.expect("BYE ")
		h.request("BYE", "")
		p.expect("SIP/2.0 200")
		l.over()
		p.reply(x, bye, "481 Gone", "", "")
	})
	t.Run("unheard", func(t *testing.T) {
		x, p := udpPair(t)
		_, l := up(t, x, p)
		l.d.Hangup(0, "")
		l.expect("ended us")
		p.expect("BYE ")
		l.over() // Timer F
	})
}

func TestByeInEveryState(t *testing.T) {
	t.Run("unanswered", func(t *testing.T) {
		x, p := udpPair(t)
		h := p.dials(x)
		branch := h.invite("offer")
		l := x.incoming()
		l.d.Progress(180, nil)
		h.remote = p.expect("SIP/2.0 180").tag("To")
		h.request("BYE", "")
		p.expect("SIP/2.0 200")
		p.expect("SIP/2.0 487")
		p.send(x, h.text("ACK", 1, branch, ""))
		l.expect("ended BYE")
		l.over()
	})
	t.Run("before the ACK", func(t *testing.T) {
		x, p := udpPair(t)
		h := p.dials(x)
		h.invite("offer")
		l := x.incoming()
		l.d.Answer([]byte("answer"), false)
		h.remote = p.expect("SIP/2.0 200").tag("To")
		h.hangUp(l)
		p.quiet(5 * testT1)
	})
}

func TestConnectionLostWhileRinging(t *testing.T) {
	x, p := newPBX(t, "tcp"), (*phone)(nil)
	p = newPhone(t, "tcp")
	p.dials(x).invite("offer")
	l := x.incoming()
	l.d.Progress(180, nil)
	p.expect("SIP/2.0 180")
	p.drop()
	l.expect("ended ")
	if !errors.Is(l.gone().Err, sip.ErrTransport) {
		t.Errorf("end %+v", l.gone())
	}
	l.over()
}

// A connection that is gone is replaced by one to the Contact.
func TestConnectionLostInACall(t *testing.T) {
	x, p := newPBX(t, "tcp"), (*phone)(nil)
	p = newPhone(t, "tcp")
	_, l := up(t, x, p)
	l.d.Request(sip.INFO, "", nil, nil)
	p.reply(x, p.expect("INFO "), "200 OK", "", "")
	p.drop()
	for x.stack.Stats().Conns > 0 {
		time.Sleep(time.Millisecond)
	}
	l.d.Hangup(0, "")
	p.reply(x, p.expect("BYE "), "200 OK", "", "")
	l.expect("ended us")
	l.over()
}

func TestRouteSet(t *testing.T) {
	for _, c := range []struct{ name, first, uri, routes string }{
		{"loose", "<sip:%s;lr>", "sip:phone@example.net:5099;x=1", "<sip:%s;lr>|<sip:two@example.org;lr>"},
		{"strict", "<sip:%s>", "sip:%s", "<sip:two@example.org;lr>|<sip:phone@example.net:5099;x=1>"}, // §12.2.1.1
	} {
		t.Run(c.name, func(t *testing.T) {
			x, p := udpPair(t)
			here := func(s string) string { return strings.ReplaceAll(s, "%s", p.addr().String()) }
			h := p.dials(x)
			h.contact = "<sip:phone@example.net:5099;x=1;method=INVITE?Subject=a>"
			h.invite("offer", "Record-Route: "+here(c.first)+", <sip:two@example.org;lr>")
			l := x.incoming()
			l.d.Answer([]byte("answer"), false)
			ok := p.expect("SIP/2.0 200")
			if len(ok.all("Record-Route")) != 2 {
				t.Errorf("got\n%s", ok.raw)
			}
			h.remote = ok.tag("To")
			h.request("ACK", "")
			l.d.Hangup(0, "")
			bye := p.expect("BYE ")
			if got := strings.Fields(bye.start)[1]; got != here(c.uri) {
				t.Errorf("Request-URI %q, want %q", got, here(c.uri))
			}
			if got := strings.Join(bye.all("Route"), "|"); got != here(c.routes) {
				t.Errorf("Route %q, want %q", got, here(c.routes))
			}
			p.reply(x, bye, "200 OK", "", "")
			l.expect("ended us")
			l.over()
		})
	}
}

func TestRemind(t *testing.T) {
	x, p := udpPair(t, Config{Remind: 5 * testT1})
	h := p.dials(x)
	h.invite("offer")
	l := x.incoming()
	l.d.Progress(180, nil)
	w := p.expect("SIP/2.0 180")
	p.again(w)
	p.again(w)
	l.d.Hangup(486, "")
	h.remote = p.expect("SIP/2.0 486").tag("To")
	l.over()
}
