package dialog

import (
	"fmt"
	"testing"

	"asterism/engine/sip"
)

func reliablePair(t *testing.T, timers ...Config) (*pbx, *phone) {
	t.Helper()
	x, p := udpPair(t, timers...)
	x.option(func(o *Options) { o.Reliable = true })
	return x, p
}

// prack acknowledges w.
func (h *half) prack(w *wire, body string) {
	h.remote = w.tag("To")
	h.request("PRACK", body, fmt.Sprintf("RAck: %s %d INVITE", w.get("RSeq"), w.seq()))
}

func TestReliableProvisional(t *testing.T) {
	x, p := reliablePair(t)
	h := p.dials(x)
	h.invite("offer", "Supported: 100rel")
	l := x.incoming()
	l.d.Progress(180, nil)
	l.d.Progress(183, []byte("early"))
	ringing := p.expect("SIP/2.0 180")
	if ringing.get("Require") != "100rel" || ringing.get("RSeq") == "" {
		t.Fatalf("not reliable:\n%s", ringing.raw)
	}
	p.again(ringing) // nobody acknowledges it; the 183 waits
	p.again(ringing)
	h.remote = ringing.tag("To")
	h.request("PRACK", "", fmt.Sprintf("RAck: %s %d BYE", ringing.get("RSeq"), ringing.seq()))
	p.expect("SIP/2.0 481")
	h.request("PRACK", "", "RAck: nonsense")
	p.expect("SIP/2.0 400")
	h.prack(ringing, "")
	p.expect("SIP/2.0 200")
	early := p.expect("SIP/2.0 183")
	if early.body != "early" || number(early.get("RSeq")) != number(ringing.get("RSeq"))+1 {
		t.Errorf("after %s\n%s", ringing.get("RSeq"), early.raw)
	}
	l.d.Answer([]byte("answer"), false) // not before the session description is acknowledged
	p.again(early)
	h.prack(early, "")
	p.expect("SIP/2.0 200 OK")
	if ok := p.expect("SIP/2.0 200 OK"); ok.body != "answer" || ok.get("CSeq") != "1 INVITE" {
		t.Fatalf("got\n%s", ok.raw)
	}
	h.requestSeq("ACK", 1, "")
	l.await(confirmed)
	h.prack(early, "")
	p.expect("SIP/2.0 481")
	h.hangUp(l)
}

func number(s string) (n int) {
	_, _ = fmt.Sscan(s, &n)
	return n
}

func TestReliableRingingDoesNotHoldTheAnswerUp(t *testing.T) {
	x, p := reliablePair(t)
	h := p.dials(x)
	h.invite("offer", "Require: 100rel")
	l := x.incoming()
	l.d.Progress(180, nil)
	p.expect("SIP/2.0 180")
	l.d.Answer([]byte("answer"), false)
	h.remote = p.expect("SIP/2.0 200").tag("To")
	h.request("ACK", "")
	l.await(confirmed)
	h.hangUp(l)
}

func TestAnsweredAndHungUpBeforePRACK(t *testing.T) {
	x, p := reliablePair(t)
	h := p.dials(x)
	h.invite("offer", "Require: 100rel")
	l := x.incoming()
	l.d.Progress(183, []byte("early"))
	early := p.expect("SIP/2.0 183")
	l.d.Answer([]byte("answer"), false)
	l.d.Hangup(603, "")
	h.prack(early, "")
	p.expect("SIP/2.0 200")
	if ok := p.expect("SIP/2.0 200"); ok.get("CSeq") != "1 INVITE" {
		t.Fatalf("got\n%s", ok.raw)
	}
	l.expect("ended us")
	h.requestSeq("ACK", 1, "")
	p.reply(x, p.expect("BYE"), "200 OK", "", "")
	l.over()
}

func TestReliableLateOffer(t *testing.T) {
	x, p := reliablePair(t)
	h := p.dials(x)
	h.invite("", "Require: 100rel")
	l := x.incoming()
	l.d.Progress(180, nil) // would have to hold our offer
	l.d.Progress(183, []byte("our offer"))
	early := p.expect("SIP/2.0 183")
	h.prack(early, "their answer")
	p.expect("SIP/2.0 200")
	l.expect("ack their answer")
	l.d.Answer([]byte("our offer"), true)
	p.expect("SIP/2.0 200")
	h.requestSeq("ACK", 1, "")
	l.await(confirmed)
	h.hangUp(l)
}

func TestNoPRACK(t *testing.T) {
	x, p := reliablePair(t, Config{T1: hasty})
	h := p.dials(x)
	h.invite("offer", "Require: 100rel")
	l := x.incoming()
	l.d.Progress(183, []byte("early"))
	p.expect("SIP/2.0 183")
	h.remote = p.expect("SIP/2.0 504").tag("To")
	l.expect("ended " + ErrNoPRACK.Error())
	l.over()
}

func TestCancelledWhileReliable(t *testing.T) {
	x, p := reliablePair(t)
	h := p.dials(x)
	branch := h.invite("offer", "Require: 100rel")
	l := x.incoming()
	l.d.Progress(183, []byte("early"))
	early := p.expect("SIP/2.0 183")
	p.send(x, h.text("CANCEL", 1, branch, ""))
	p.expect("SIP/2.0 ")
	p.expect("SIP/2.0 ")
	l.expect("ended CANCEL")
	l.over()
	h.prack(early, "")
	p.expect("SIP/2.0 481")
}

func TestAcknowledgesReliable(t *testing.T) {
	x, p := udpPair(t)
	l := x.call(p)
	inv := p.expect("INVITE")
	h := p.called(x, inv, sip.NewTag())
	p.reply(x, inv, "180 Ringing", h.local, "", "Require: 100rel", "RSeq: 7")
	prack := p.expect("PRACK")
	if prack.get("RAck") != fmt.Sprintf("7 %d INVITE", inv.seq()) || prack.seq() != inv.seq()+1 || prack.tag("To") != h.local {
		t.Fatalf("got\n%s", prack.raw)
	}
	p.reply(x, prack, "200 OK", "", "")
	l.expect("provisional 180")
	p.reply(x, inv, "180 Ringing", h.local, "", "Require: 100rel", "RSeq: 7")                           // again
	p.reply(x, inv, "183 Session Progress", h.local, "too early", "Require: 100rel", "RSeq: 9")         // 8 is missing
	p.reply(x, inv, "183 Session Progress", h.local, "early", "Require: 100rel", "RSeq: 8", "X-Say: 8") // in order
	if second := p.expect("PRACK"); second.get("RAck") != fmt.Sprintf("8 %d INVITE", inv.seq()) {
		t.Fatalf("got\n%s", second.raw)
	} else {
		p.reply(x, second, "481 Call/Transaction Does Not Exist", "", "") // that is no reason to hang up
	}
	l.expect("provisional 183")
	p.reply(x, inv, "200 OK", h.local, "answer")
	p.expect("ACK")
	l.expect("accepted")
	l.await(confirmed)
	p.sync(x)
	l.await(confirmed)
	h.request("BYE", "")
	p.expect("SIP/2.0 200")
	l.expect("ended BYE")
	l.over()
}

func FuzzRAck(f *testing.F) {
	for _, s := range []string{"1 2 INVITE", "", "1 2", "4294967296 1 INVITE", "1 1 IN VITE", " 7\t8 INVITE"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, v string) {
		seq, cseq, method, ok := parseRAck(v)
		if !ok {
			return
		}
		if a, b, c, ok := parseRAck(fmt.Sprintf("%d %d %s", seq, cseq, method)); !ok || a != seq || b != cseq || c != method {
			t.Errorf("%q reads as %d %d %q, and that as %d %d %q", v, seq, cseq, method, a, b, c)
		}
	})
}
