package dialog

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"asterism/engine/sip"
)

// down makes a call to the phone that it answers.
func down(t *testing.T, x *pbx, p *phone) (*half, *leg) {
	t.Helper()
	l := x.call(p)
	w := p.expect("INVITE ")
	p.reply(x, w, "200 OK", "t1", "answer")
	p.expect("ACK ")
	l.expect("accepted 200")
	l.await(confirmed)
	return p.called(x, w, "t1"), l
}

func TestCallAnswered(t *testing.T) {
	eachProto(t, func(t *testing.T, x *pbx, p *phone) {
		l := x.call(p)
		w := p.expect("INVITE ")
		if w.body != "offer" || w.get("X-Test") != "1" || w.tag("To") != "" || w.get("Content-Type") != "application/sdp" || w.get("Allow") == "" {
			t.Errorf("got\n%s", w.raw)
		}
		p.reply(x, w, "180 Ringing", "t1", "")
		p.reply(x, w, "183 Progress", "t1", "early")
		l.expect("provisional 180", "provisional 183")
		p.reply(x, w, "200 OK", "t1", "answer")
		ack := p.expect("ACK ")
		if ack.seq() != w.seq() || ack.tag("To") != "t1" || ack.tag("From") != w.tag("From") || ack.body != "" {
			t.Errorf("got\n%s", ack.raw)
		}
		l.expect("accepted 200")
		p.reply(x, w, "200 OK", "t1", "answer") // the ACK was lost
		p.expect("ACK ")
		h := p.called(x, w, "t1")
		h.request("INFO", "")
		p.expect("SIP/2.0 200")
		l.expect("request INFO")
		l.d.Hangup(0, "Q.850;cause=16")
		l.expect("ended us")
		bye := p.expect("BYE ")
		if bye.seq() != w.seq()+1 || bye.get("Reason") != "Q.850;cause=16" {
			t.Errorf("got\n%s", bye.raw)
		}
		p.reply(x, bye, "200 OK", "", "")
		l.over()
		p.reply(x, w, "200 OK", "t1", "answer") // it wants its ACK all the same, but no other BYE
		p.expect("ACK ")
		p.quiet(2 * testT1)
	})
}

func TestCallRefused(t *testing.T) {
	for _, status := range []string{"486 Busy Here", "302 Moved", "600 Busy", "491 Odd", "401 Unauthorized"} {
		t.Run(status, func(t *testing.T) {
			x, p := udpPair(t)
			l := x.call(p)
			p.reply(x, p.expect("INVITE "), status, "t1", "")
			p.expect("ACK ")
			l.expect("failed "+status[:3], "ended "+status[:3])
			l.over()
		})
	}
}

func TestCallUnheard(t *testing.T) {
	x, p := udpPair(t)
	l := x.call(p)
	p.expect("INVITE ")
	l.expect("failed "+sip.ErrTimeout.Error(), "ended "+sip.ErrTimeout.Error())
	if e := l.gone(); !errors.Is(e.Err, sip.ErrTimeout) {
		t.Errorf("end %+v", e)
	}
	l.over()
}

func TestCallNotSent(t *testing.T) {
	x := newPBX(t, "tcp")
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddrPort(ln.Addr().String())
	ln.Close()
	l := x.leg()
	l.d = x.layer.Invite(Call{Target: *sip.NewAddrURI("nobody", addr), Hop: sip.Hop{Transport: x.tr, Addr: addr}, From: "<sip:a@b>", To: "<sip:c@d>"}, l, x.options())
	l.expect("failed ", "ended ")
	l.over()
}

const md5 = `Digest realm="r", nonce="n1", algorithm=MD5, qop="auth"`

// A proxy and the phone both want to know who calls; an early dialog of the first try must not colour the second.
func TestCallChallenged(t *testing.T) {
	x, p := udpPair(t)
	x.option(func(o *Options) {
		o.Credentials = []sip.Credentials{{Username: "u", Realm: "r", Password: "p"}, {Username: "u", Realm: "proxy", Password: "p"}}
	})
	l := x.call(p)
	first := p.expect("INVITE ")
	p.reply(x, first, "183 Progress", "early", "", "Contact: <sip:elsewhere@127.0.0.1:9>", "Record-Route: <sip:127.0.0.1:9;lr>")
	l.expect("provisional 183")
	p.reply(x, first, "407 Proxy", "t0", "", "Proxy-Authenticate: "+strings.Replace(md5, `"r"`, `"proxy"`, 1))
	p.expect("ACK ")
	second := p.expect("INVITE ")
	if second.tag("To") != "" || second.seq() != first.seq()+1 || second.get("Proxy-Authorization") == "" || second.start != first.start ||
		second.get("Route") != "" || second.get("X-Test") != "1" || second.tag("From") != first.tag("From") || second.body != "offer" {
		t.Errorf("got\n%s", second.raw)
	}
	p.reply(x, second, "401 Unauthorized", "t0", "", "WWW-Authenticate: "+md5)
	p.expect("ACK ")
	third := p.expect("INVITE ")
	if third.get("Authorization") == "" || third.get("Proxy-Authorization") != second.get("Proxy-Authorization") { // §22.3
		t.Errorf("got\n%s", third.raw)
	}
	p.reply(x, third, "401 Unauthorized", "t0", "", "WWW-Authenticate: "+strings.Replace(md5, "n1", `n2", stale=true, x="`, 1))
	p.expect("ACK ")
	fourth := p.expect("INVITE ")
	p.reply(x, fourth, "200 OK", "t1", "answer")
	ack := p.expect("ACK ")
	if ack.get("Authorization") != fourth.get("Authorization") || ack.get("Proxy-Authorization") == "" { // §22.1
		t.Errorf("got\n%s", ack.raw)
	}
	l.expect("accepted 200")
	l.d.Hangup(0, "why")
	bye := p.expect("BYE ")
	p.reply(x, bye, "407 Proxy", "", "", "Proxy-Authenticate: "+strings.Replace(md5, `"r"`, `"proxy"`, 1))
	again := p.expect("BYE ")
	if again.seq() != bye.seq()+1 || again.get("Proxy-Authorization") == "" || again.get("Reason") != "why" {
		t.Errorf("got\n%s", again.raw)
	}
	p.reply(x, again, "200 OK", "", "")
	l.over()
}

func TestWrongPasswordIsTriedOnce(t *testing.T) {
	x, p := udpPair(t)
	x.option(func(o *Options) { o.Credentials = []sip.Credentials{{Username: "u", Realm: "r", Password: "wrong"}} })
	l := x.call(p)
	for range 2 {
		p.reply(x, p.expect("INVITE "), "401 Unauthorized", "t", "", "WWW-Authenticate: "+md5)
		p.expect("ACK ")
	}
	l.expect("failed 401", "ended 401")
	l.over()
}

func TestHangupOfACallThatRings(t *testing.T) {
	for _, c := range []struct{ name, ring string }{{"ringing", "180 Ringing"}, {"before any answer", ""}} {
		t.Run(c.name, func(t *testing.T) {
			eachProto(t, func(t *testing.T, x *pbx, p *phone) {
				l := x.call(p)
				w := p.expect("INVITE ")
				if c.ring != "" {
					p.reply(x, w, c.ring, "t1", "")
					l.expect("provisional")
				}
				l.d.Hangup(0, "SIP;cause=200")
				l.expect("ended us")
				if c.ring == "" {
					p.quiet(testT1) // §9.1: no CANCEL before a provisional response
					p.reply(x, w, "180 Ringing", "t1", "")
				}
				cancel := p.expect("CANCEL ")
				if cancel.get("Via") != w.get("Via") || cancel.seq() != w.seq() || cancel.get("Reason") != "SIP;cause=200" {
					t.Errorf("got\n%s", cancel.raw)
				}
				p.reply(x, cancel, "200 OK", "t1", "")
				p.reply(x, w, "487 Terminated", "t1", "")
				p.expect("ACK ")
				l.over()
			})
		})
	}
}

func TestHangupCrossesTheAnswer(t *testing.T) {
	eachProto(t, func(t *testing.T, x *pbx, p *phone) {
		l := x.call(p)
		w := p.expect("INVITE ")
		p.reply(x, w, "180 Ringing", "t1", "")
		l.expect("provisional")
		l.d.Hangup(0, "")
		cancel := p.expect("CANCEL ")
		p.reply(x, w, "200 OK", "t1", "answer")
		p.expect("ACK ")
		bye := p.expect("BYE ")
		p.reply(x, cancel, "481 Too late", "t1", "")
		p.reply(x, bye, "200 OK", "", "")
		l.expect("ended us")
		l.over()
	})
}

// Nobody answers the CANCEL; much later the phone is picked up.
func TestAnswerAfterWeGaveUp(t *testing.T) {
	x, p := udpPair(t, Config{T1: hasty})
	x.option(func(o *Options) { o.Credentials = []sip.Credentials{{Username: "u", Realm: "r", Password: "p"}} })
	l := x.call(p)
	w := p.expect("INVITE ")
	p.reply(x, w, "180 Ringing", "t1", "")
	l.expect("provisional")
	l.d.Hangup(0, "")
	p.reply(x, p.expect("CANCEL "), "200 OK", "", "")
	l.expect("ended us")
	l.over()
	for _, tag := range []string{"t1", "t2"} {
		p.reply(x, w, "200 OK", tag, "answer")
		ack := p.expect("ACK ")
		bye := p.expect("BYE ")
		if ack.seq() != w.seq() || ack.tag("To") != tag || bye.seq() <= w.seq() || bye.tag("To") != tag {
			t.Errorf("got\n%s\n%s", ack.raw, bye.raw)
		}
		p.reply(x, w, "200 OK", tag, "answer")
		p.expect("ACK ")
		p.reply(x, bye, "401 Who?", "", "", "WWW-Authenticate: "+md5)
		again := p.expect("BYE ")
		if again.get("Authorization") == "" || again.seq() != bye.seq()+1 {
			t.Errorf("got\n%s", again.raw)
		}
		p.reply(x, again, "200 OK", "", "")
	}
	p.quiet(2 * testT1)
}

func TestRemnantsExpire(t *testing.T) {
	x, p := udpPair(t, Config{T1: hasty})
	l := x.call(p)
	w := p.expect("INVITE ")
	p.reply(x, w, "486 Busy", "t1", "")
	p.expect("ACK ")
	l.over()
	for n := 1; n > 0; {
		x.layer.mu.Lock()
		n = len(x.layer.ackers)
		x.layer.mu.Unlock()
	}
	p.reply(x, w, "200 OK", "t1", "")
	p.quiet(testT1)
}

func TestForks(t *testing.T) {
	x, p := udpPair(t)
	l := x.call(p)
	w := p.expect("INVITE ")
	a, b := p.called(x, w, "a"), p.called(x, w, "b")
	p.reply(x, w, "180 Ringing", "a", "")
	p.reply(x, w, "180 Ringing", "b", "")
	l.expect("provisional", "provisional")
	a.seq, b.seq = 100, 7 // each fork counts by itself
	a.request("INFO", "")
	p.expect("SIP/2.0 200")
	b.request("INFO", "")
	p.expect("SIP/2.0 200")
	a.request("UPDATE", "offer") // ours is open
	p.expect("SIP/2.0 491")
	a.request("UPDATE", "")
	p.expect("SIP/2.0 200")
	a.request("INVITE", "offer")
	p.expect("SIP/2.0 491")
	l.expect("request INFO", "request INFO")
	p.reply(x, w, "200 OK", "b", "answer")
	if ack := p.expect("ACK "); ack.tag("To") != "b" {
		t.Errorf("got\n%s", ack.raw)
	}
	l.expect("accepted 200")
	p.reply(x, w, "200 OK", "a", "answer") // a was picked up at the same moment
	if ack := p.expect("ACK "); ack.tag("To") != "a" {
		t.Errorf("got\n%s", ack.raw)
	}
	bye := p.expect("BYE ")
	if bye.tag("To") != "a" {
		t.Errorf("got\n%s", bye.raw)
	}
	p.reply(x, w, "200 OK", "a", "answer")
	if ack := p.expect("ACK "); ack.tag("To") != "a" { // no second BYE
		t.Errorf("got\n%s", ack.raw)
	}
	a.request("INFO", "")
	p.expect("SIP/2.0 481")
	a.request("BYE", "") // crosses ours, and must not end the call with b
	p.expect("SIP/2.0 200")
	p.reply(x, bye, "200 OK", "", "")
	b.request("INFO", "")
	p.expect("SIP/2.0 200")
	l.expect("request INFO")
	b.hangUp(l)
}

func TestByeInAnEarlyDialog(t *testing.T) {
	x, p := udpPair(t)
	l := x.call(p)
	w := p.expect("INVITE ")
	a, b := p.called(x, w, "a"), p.called(x, w, "b")
	for _, tag := range []string{"a", "b"} {
		p.reply(x, w, "180 Ringing", tag, "")
		l.expect("provisional")
	}
	b.request("BYE", "") // the other one rings on
	p.expect("SIP/2.0 200")
	l.await(calling)
	a.request("BYE", "")
	p.expect("SIP/2.0 200")
	l.expect("ended BYE")
	p.reply(x, p.expect("CANCEL "), "200 OK", "", "")
	p.reply(x, w, "487 Terminated", "a", "")
	p.expect("ACK ")
	l.over()
}

func TestOurRequests(t *testing.T) {
	x, p := udpPair(t)
	l := x.call(p)
	done := func(res *sip.Response, err error) {
		if err != nil {
			l.say("done %v", err)
			return
		}
		l.say("done %d", res.StatusCode)
	}
	w := p.expect("INVITE ")
	l.d.Request(sip.INFO, "", nil, done)
	l.d.Reinvite(nil, done)
	l.expect("done "+ErrPending.Error(), "done "+ErrPending.Error())
	p.reply(x, w, "180 Ringing", "t1", "")
	l.expect("provisional")
	l.d.Request(sip.INFO, "", nil, done)
	p.reply(x, p.expect("INFO "), "481 Not yet", "", "") // of an early dialog it means little
	l.expect("done 481")
	p.reply(x, w, "200 OK", "t1", "answer")
	if ack := p.expect("ACK "); ack.seq() != w.seq() {
		t.Errorf("got\n%s", ack.raw)
	}
	l.expect("accepted")
	l.d.Request(sip.INFO, "", nil, done)
	l.d.Request(sip.MESSAGE, "", nil, done)
	info := p.expect("INFO ")
	p.expect("MESSAGE ")
	p.reply(x, info, "481 Gone", "", "") // §12.2.1.2
	l.expect("done 481", "ended 481")
	p.reply(x, p.expect("BYE "), "200 OK", "", "")
	l.over()
	if late := l.lateness(); late != "done "+ErrClosed.Error()+"; " { // the MESSAGE
		t.Errorf("after the end: %q", late)
	}
	l.d.Request(sip.INFO, "", nil, done)
	if late := l.lateness(); late != "done "+ErrClosed.Error()+"; " {
		t.Errorf("after the end: %q", late)
	}
}

// The ACK does not get through: the 2xx is repeated, and then it does.
func TestACKFailsOnALostConnection(t *testing.T) {
	x, p := newPBX(t, "tcp"), (*phone)(nil)
	p = newPhone(t, "tcp")
	l := x.call(p)
	w := p.expect("INVITE ")
	release := l.block()
	p.reply(x, w, "200 OK", "t1", "answer", "Contact: <sip:phone@127.0.0.1:1;transport=tcp>")
	l.queued(1)
	p.drop()
	for x.stack.Stats().Conns > 0 {
	}
	release()
	l.expect("accepted 200")
	l.d.Hangup(0, "")
	l.expect("ended us")
	l.over()
}
