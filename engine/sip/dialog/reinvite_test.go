package dialog

import (
	"testing"

	"asterism/engine/sip"
)

func TestReinviteOfThePeer(t *testing.T) {
	eachProto(t, func(t *testing.T, x *pbx, p *phone) {
		h, l := up(t, x, p)
		h.request("INVITE", "hold")
		ok := p.expect("SIP/2.0 200")
		if ok.body != "answer" || ok.get("X-Test") != "" {
			t.Errorf("got\n%s", ok.raw)
		}
		l.expect("offer hold")
		p.again(ok)
		h.request("INVITE", "second") // the first is not acknowledged
		p.expect("SIP/2.0 500")
		h.requestSeq("ACK", 2, "")
		h.request("INVITE", "")
		p.expect("SIP/2.0 200")
		h.request("ACK", "their answer")
		l.expect("offer ", "ack their answer")
		l.mu.Lock()
		l.status = 488
		l.mu.Unlock()
		branch := h.request("INVITE", "no codec")
		p.expect("SIP/2.0 488")
		p.send(x, h.text("ACK", h.seq, branch, ""))
		l.expect("offer no codec")
		h.hangUp(l)
	})
}

// The re-INVITE overtook the ACK of our 200: it waits a little.
func TestReinviteOvertakesACK(t *testing.T) {
	x, p := udpPair(t)
	h := p.dials(x)
	h.invite("offer")
	l := x.incoming()
	l.d.Answer([]byte("answer"), false)
	h.remote = p.expect("SIP/2.0 200").tag("To")
	release := l.block()
	h.request("INVITE", "hold")
	l.queued(1)
	h.requestSeq("ACK", 1, "")
	l.queued(2)
	release()
	p.expect("SIP/2.0 200")
	l.expect("offer hold")
	h.request("ACK", "")
	h.hangUp(l)
}

// The stack answers a CANCEL by itself: a re-INVITE it has refused must not be answered, nor its ACK waited for.
func TestReinviteCancelledBeforeItIsServed(t *testing.T) {
	x, p := udpPair(t, Config{T1: hasty})
	h, l := up(t, x, p)
	release := l.block()
	branch := h.request("INVITE", "hold")
	l.queued(1)
	p.send(x, h.text("CANCEL", h.seq, branch, ""))
	p.expect("SIP/2.0 200")
	p.expect("SIP/2.0 487")
	p.send(x, h.text("ACK", h.seq, branch, ""))
	p.sync(x)
	release()
	p.quiet(80 * hasty) // no BYE for a missing ACK
	h.hangUp(l)         // and the handler has heard nothing
}

func TestReinviteNotAcknowledged(t *testing.T) {
	x, p := udpPair(t, Config{T1: hasty})
	h, l := up(t, x, p)
	h.request("INVITE", "hold")
	p.expect("SIP/2.0 200")
	bye := p.expect("BYE ")
	l.expect("offer hold", "ended "+ErrNoACK.Error())
	p.reply(x, bye, "200 OK", "", "")
	l.over()
}

func TestOurReinvite(t *testing.T) {
	x, p := udpPair(t)
	h, l := up(t, x, p)
	done := func(res *sip.Response, err error) {
		if err != nil {
			l.say("done %v", err)
			return
		}
		l.say("done %d", res.StatusCode)
	}
	l.d.Reinvite([]byte("hold"), done)
	first := p.expect("INVITE ")
	if first.body != "hold" || first.get("Contact") == "" || first.get("X-Test") != "" || first.tag("To") != h.local {
		t.Errorf("got\n%s", first.raw)
	}
	l.d.Reinvite([]byte("again"), done)
	l.expect("done " + ErrPending.Error())
	h.request("INVITE", "glare")
	p.expect("SIP/2.0 491")
	h.request("UPDATE", "glare")
	p.expect("SIP/2.0 491")
	p.reply(x, first, "200 OK", "", "answer")
	ack := p.expect("ACK ")
	if ack.seq() != first.seq() {
		t.Errorf("got\n%s", ack.raw)
	}
	l.expect("accepted 200", "done 200")
	p.reply(x, first, "200 OK", "", "answer") // its ACK was lost
	if again := p.expect("ACK "); again.seq() != first.seq() {
		t.Errorf("got\n%s", again.raw)
	}
	l.d.Reinvite([]byte("resume"), done)
	second := p.expect("INVITE ")
	p.reply(x, first, "200 OK", "", "answer") // even now
	if again := p.expect("ACK "); again.seq() != first.seq() {
		t.Errorf("got\n%s", again.raw)
	}
	p.reply(x, second, "491 Request Pending", "", "")
	p.expect("ACK ")
	l.expect("done 491")
	h.hangUp(l)
	l.d.Reinvite(nil, done)
	if late := l.lateness(); late != "done "+ErrClosed.Error()+"; " {
		t.Errorf("after the end: %q", late)
	}
}

// 481, 408 and silence mean that the peer has forgotten the dialog (§14.1).
func TestOurReinviteMeetsNobody(t *testing.T) {
	for _, status := range []string{"481 Gone", "408 Timeout", ""} {
		t.Run(status, func(t *testing.T) {
			x, p := udpPair(t)
			_, l := up(t, x, p)
			l.d.Reinvite([]byte("hold"), func(res *sip.Response, err error) { l.say("done") })
			w := p.expect("INVITE ")
			if status != "" {
				p.reply(x, w, status, "", "")
				p.expect("ACK ")
			}
			l.expect("done", "ended ")
			p.reply(x, p.expect("BYE "), "200 OK", "", "")
			l.over()
		})
	}
}

func TestByeWhileOurReinviteIsOpen(t *testing.T) {
	for _, c := range []struct {
		name, status string
		repeat       bool
	}{{"refused", "487 Terminated", false}, {"accepted", "200 OK", false}, {"accepted late", "200 OK", true}, {"unanswered", "", false}} {
		t.Run(c.name, func(t *testing.T) {
			var timers Config
			if c.repeat || c.status == "" {
				timers.T1 = hasty
			}
			x, p := udpPair(t, timers)
			h, l := up(t, x, p)
			l.d.Reinvite([]byte("hold"), func(res *sip.Response, err error) { l.say("done") })
			w := p.expect("INVITE ")
			p.reply(x, w, "100 Trying", "", "")
			h.request("BYE", "")
			p.expect("SIP/2.0 200")
			l.expect("ended BYE")
			h.request("INFO", "")
			p.expect("SIP/2.0 481")
			if c.repeat || c.status == "" {
				l.over() // 64*T1 is enough
			}
			if c.status != "" {
				p.reply(x, w, c.status, "", "")
				p.expect("ACK ")
			}
			l.over()
			if late := l.lateness(); late != "done; " {
				t.Errorf("after the end: %q", late)
			}
			p.quiet(4 * testT1)
		})
	}
}

func TestHangupWhileOurReinviteIsOpen(t *testing.T) {
	for _, c := range []struct{ name, status string }{{"refused", "487 Terminated"}, {"accepted", "200 OK"}, {"unanswered", ""}} {
		t.Run(c.name, func(t *testing.T) {
			x, p := udpPair(t)
			_, l := up(t, x, p)
			l.d.Reinvite([]byte("hold"), func(res *sip.Response, err error) { l.say("done") })
			w := p.expect("INVITE ")
			p.reply(x, w, "100 Trying", "", "")
			l.d.Hangup(0, "")
			l.expect("ended us")
			p.reply(x, p.expect("CANCEL "), "200 OK", "", "")
			if c.status != "" {
				p.reply(x, w, c.status, "", "")
				p.expect("ACK ")
			}
			p.reply(x, p.expect("BYE "), "200 OK", "", "")
			l.over()
			if late := l.lateness(); late != "done; " {
				t.Errorf("after the end: %q", late)
			}
		})
	}
}

// A refused re-INVITE changes nothing, an accepted one the remote target (RFC 6141 §4).
func TestTargetRefresh(t *testing.T) {
	x, p := udpPair(t)
	moved := newPhone(t, "udp")
	h, l := up(t, x, p)
	h.contact = moved.contact()
	l.mu.Lock()
	l.status = 488
	l.mu.Unlock()
	branch := h.request("INVITE", "hold")
	p.expect("SIP/2.0 488")
	p.send(x, h.text("ACK", h.seq, branch, ""))
	l.expect("offer hold")
	l.d.Request(sip.OPTIONS, "", nil, nil)
	p.reply(x, p.expect("OPTIONS "), "200 OK", "", "")
	h.request("UPDATE", "")
	p.expect("SIP/2.0 200")
	l.d.Request(sip.OPTIONS, "", nil, nil)
	moved.reply(x, moved.expect("OPTIONS sip:phone@"+moved.addr().String()), "200 OK", "", "")
	h.contact = p.contact()
	l.mu.Lock()
	l.status = 200
	l.mu.Unlock()
	h.request("INVITE", "back")
	p.expect("SIP/2.0 200")
	h.request("ACK", "")
	l.expect("offer back")
	l.d.Hangup(0, "")
	p.reply(x, p.expect("BYE "), "200 OK", "", "")
	l.expect("ended us")
	l.over()
}

func TestRewriteContactFollowsTheSource(t *testing.T) {
	x, p := udpPair(t)
	x.option(func(o *Options) { o.Rewrite = true })
	h := p.dials(x)
	h.contact = "<sip:phone@192.0.2.1>"
	h.invite("offer")
	l := x.incoming()
	l.d.Answer([]byte("answer"), false)
	h.remote = p.expect("SIP/2.0 200").tag("To")
	h.request("ACK", "")
	nat := newPhone(t, "udp") // the NAT has bound another port
	h.p = nat
	h.request("INFO", "")
	nat.expect("SIP/2.0 200")
	l.expect("request INFO")
	l.d.Hangup(0, "")
	nat.reply(x, nat.expect("BYE sip:phone@192.0.2.1"), "200 OK", "", "")
	l.expect("ended us")
	l.over()
}

func TestOurUpdate(t *testing.T) {
	x, p := udpPair(t)
	h, l := down(t, x, p)
	done := func(res *sip.Response, err error) {
		if err != nil {
			l.say("done %v", err)
			return
		}
		l.say("done %d", res.StatusCode)
	}
	l.d.Request(sip.UPDATE, "application/sdp", []byte("hold"), done)
	w := p.expect("UPDATE ")
	if w.body != "hold" || w.get("Contact") == "" || len(w.all("Content-Type")) != 1 {
		t.Errorf("got\n%s", w.raw)
	}
	l.d.Request(sip.UPDATE, "application/sdp", []byte("again"), done)
	l.d.Reinvite([]byte("again"), done)
	l.expect("done "+ErrPending.Error(), "done "+ErrPending.Error())
	branch := h.request("INVITE", "glare")
	p.expect("SIP/2.0 491")
	p.send(x, h.text("ACK", h.seq, branch, ""))
	h.request("UPDATE", "glare")
	p.expect("SIP/2.0 491")
	p.reply(x, w, "200 OK", "", "answer")
	l.expect("done 200")
	h.request("UPDATE", "resume")
	p.expect("SIP/2.0 200")
	l.expect("offer resume")
	h.hangUp(l)
}

// TestOfferAnsweredLater: who else must be asked may take his time. Until then nobody else offers anything, and however the wait ends, the
// answer is heard of once.
func TestOfferAnsweredLater(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(x *pbx, p *phone, h *half, l *leg, branch string)
		want string
	}{
		{"accepted", func(x *pbx, p *phone, h *half, l *leg, _ string) {
			l.d.AnswerOffer([]byte("late"), 200, func(taken bool) { l.say("taken %v", taken) })
			if ok := p.expect("SIP/2.0 200"); ok.body != "late" {
				l.say("got %s", ok.raw)
			}
			h.request("ACK", "")
		}, "taken true"},
		{"refused", func(x *pbx, p *phone, h *half, l *leg, branch string) {
			l.d.AnswerOffer(nil, 488, func(taken bool) { l.say("taken %v", taken) })
			p.expect("SIP/2.0 488")
			p.send(x, h.text("ACK", h.seq, branch, ""))
		}, "taken false"},
		{"cancelled", func(x *pbx, p *phone, h *half, l *leg, branch string) {
			p.send(x, h.text("CANCEL", h.seq, branch, ""))
			p.expect("SIP/2.0 200")
			p.expect("SIP/2.0 487")
			p.send(x, h.text("ACK", h.seq, branch, ""))
			l.d.AnswerOffer([]byte("late"), 200, func(taken bool) { l.say("taken %v", taken) })
		}, "taken false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, p := udpPair(t)
			h, l := up(t, x, p)
			l.mu.Lock()
			l.status = 0
			l.mu.Unlock()
			branch := h.request("INVITE", "fax")
			l.expect("offer fax")
			l.d.Reinvite([]byte("ours"), func(_ *sip.Response, err error) { l.say("done %v", err) })
			l.expect("done " + ErrPending.Error())
			c.end(x, p, h, l, branch)
			l.expect(c.want)
			l.mu.Lock()
			l.status = 200
			l.mu.Unlock()
			h.request("INVITE", "voice")
			p.expect("SIP/2.0 200")
			h.request("ACK", "")
			l.expect("offer voice")
			h.hangUp(l)
		})
	}
}

// TestByeBeforeTheOfferIsAnswered: an offer that waits for its answer ends with the call.
func TestByeBeforeTheOfferIsAnswered(t *testing.T) {
	x, p := udpPair(t)
	h, l := up(t, x, p)
	l.mu.Lock()
	l.status = 0
	l.mu.Unlock()
	branch := h.request("INVITE", "fax")
	l.expect("offer fax")
	invite := h.seq
	h.request("BYE", "")
	p.expect("SIP/2.0 200")
	p.expect("SIP/2.0 487")
	p.send(x, h.text("ACK", invite, branch, ""))
	l.expect("ended BYE")
	l.over()
	l.d.AnswerOffer([]byte("late"), 200, func(taken bool) { l.say("taken %v", taken) })
	if late := l.lateness(); late != "taken false; " {
		t.Errorf("after the end: %q", late)
	}
}
