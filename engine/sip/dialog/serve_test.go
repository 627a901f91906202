package dialog

import (
	"strings"
	"testing"

	"asterism/engine/sip"
)

func TestRequestsOutOfOrder(t *testing.T) {
	x, p := udpPair(t)
	h, l := up(t, x, p)
	release := l.block()
	for i, method := range []string{"INFO", "OPTIONS", "MESSAGE"} {
		h.requestSeq(method, 4-i, "")
		l.queued(i + 1)
	}
	release()
	l.expect("request MESSAGE", "request OPTIONS", "request INFO")
	for range 3 {
		p.expect("SIP/2.0 200")
	}
	h.requestSeq("INFO", 9, "") // a real gap: 5 to 8 were challenged somewhere
	l.expect("request INFO")
	p.expect("SIP/2.0 200")
	h.requestSeq("INFO", 6, "") // too late
	p.expect("SIP/2.0 500")
	h.requestSeq("INFO", 9, "")
	p.expect("SIP/2.0 500")
	h.requestSeq("BYE", 10, "")
	p.expect("SIP/2.0 200")
	l.expect("ended BYE")
	l.over()
}

func TestRequestInAGapWhenTheDialogEnds(t *testing.T) {
	x, p := udpPair(t)
	h, l := up(t, x, p)
	release := l.block()
	h.requestSeq("INFO", 5, "")
	l.queued(1)
	h.requestSeq("BYE", 2, "")
	l.queued(2)
	release()
	l.expect("ended BYE")
	l.over()
	codes := []string{p.expect("SIP/2.0 ").start[8:11], p.expect("SIP/2.0 ").start[8:11]}
	if got := strings.Join(codes, " "); got != "200 481" && got != "481 200" {
		t.Errorf("answered %s", got)
	}
}

func TestInviteWithCSeqZero(t *testing.T) {
	x, p := udpPair(t)
	h := p.dials(x)
	h.seq = 0
	h.invite("offer")
	l := x.incoming()
	l.d.Answer([]byte("answer"), false)
	h.remote = p.expect("SIP/2.0 200").tag("To")
	h.request("ACK", "")
	h.requestSeq("INFO", 0, "")
	p.expect("SIP/2.0 500")
	h.hangUp(l)
}

func TestEarlyRequests(t *testing.T) {
	x, p := udpPair(t)
	h := p.dials(x)
	h.invite("offer")
	l := x.incoming()
	l.d.Request(sip.INFO, "", nil, func(_ *sip.Response, err error) { l.say("done %v", err) })
	l.expect("done " + ErrPending.Error()) // the caller does not know our tag
	l.d.Progress(180, nil)
	h.remote = p.expect("SIP/2.0 180").tag("To")
	h.request("INFO", "")
	p.expect("SIP/2.0 200")
	h.request("OPTIONS", "")
	p.expect("SIP/2.0 200")
	h.request("UPDATE", "") // target refresh
	p.expect("SIP/2.0 200")
	h.request("INVITE", "offer") // before our final response: §14.2
	if w := p.expect("SIP/2.0 500"); w.get("Retry-After") == "" {
		t.Errorf("got\n%s", w.raw)
	}
	l.mu.Lock()
	l.status = 500
	l.mu.Unlock()
	h.request("UPDATE", "offer") // the handler has not answered the first one
	if w := p.expect("SIP/2.0 500"); w.get("Retry-After") == "" {
		t.Errorf("got\n%s", w.raw)
	}
	l.expect("request INFO", "request OPTIONS", "offer offer")
	l.d.Request(sip.INFO, "text/plain", []byte("x"), func(res *sip.Response, _ error) { l.say("done %d", res.StatusCode) })
	w := p.expect("INFO ")
	if w.get("Content-Type") != "text/plain" || w.tag("To") != h.local || w.tag("From") != h.remote {
		t.Errorf("got\n%s", w.raw)
	}
	p.reply(x, w, "200 OK", "", "")
	l.expect("done 200")
	h.request("BYE", "")
	p.expect("SIP/2.0 200")
	p.expect("SIP/2.0 487")
	l.expect("ended BYE")
	l.over()
}

func TestStrangers(t *testing.T) {
	x, p := udpPair(t)
	h, l := up(t, x, p)
	evil := *h
	evil.local = "guessed"
	evil.request("BYE", "")
	p.expect("SIP/2.0 481")
	evil = *h
	evil.remote = "guessed"
	evil.request("BYE", "")
	p.expect("SIP/2.0 481")
	evil = *h
	evil.remote = strings.ToUpper(h.remote) + "x"
	evil.request("ACK", "")
	h.hangUp(l)
}

func TestMergedRequest(t *testing.T) {
	x, p := udpPair(t)
	h := p.dials(x)
	h.invite("offer")
	l := x.incoming()
	h.invite("offer") // another branch of a forking proxy
	p.expect("SIP/2.0 482")
	l.d.Answer([]byte("answer"), false)
	h.remote = p.expect("SIP/2.0 200").tag("To")
	h.request("ACK", "")
	h.hangUp(l)
}
