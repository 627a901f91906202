package dialog

import (
	"context"
	"errors"
	"strings"
	"testing"

	"asterism/engine/sip"
)

// A flood of requests fills the mailbox: more are refused, but a BYE gets in, and nobody who posts ever waits.
func TestFlood(t *testing.T) {
	x, p := udpPair(t)
	h, l := up(t, x, p)
	release := l.block()
	for i := range mailboxSize {
		h.request("INFO", "")
		l.queued(i + 1)
	}
	h.requestSeq("INFO", h.seq+5, "")
	if w := p.expect("SIP/2.0 500"); w.get("Retry-After") == "" {
		t.Errorf("got\n%s", w.raw)
	}
	h.request("BYE", "")
	l.queued(mailboxSize + 1)
	refused := make(chan error, 1)
	l.d.Request(sip.INFO, "", nil, func(_ *sip.Response, err error) { refused <- err })
	if err := <-refused; !errors.Is(err, ErrPending) {
		t.Errorf("our own request: %v", err)
	}
	for range 1000 {
		l.d.Hangup(0, "")
	}
	release()
	for range mailboxSize + 1 {
		p.expect("SIP/2.0 200")
	}
	l.over()
}

// A handler that hangs up from within its own methods, with the mailbox full, must not wait for itself.
func TestHandlerPostsToItself(t *testing.T) {
	x, p := udpPair(t)
	h, l := up(t, x, p)
	hold := make(chan struct{})
	l.mu.Lock()
	l.react = func() {
		<-hold
		l.d.Hangup(0, "")
	}
	l.mu.Unlock()
	h.request("INFO", "")
	l.expect("request INFO")
	for i := range mailboxSize {
		h.request("INFO", "")
		l.queued(i + 1)
	}
	close(hold)
	for {
		w := p.next(soon)
		if w == nil {
			t.Fatal("no BYE comes")
		}
		if strings.HasPrefix(w.start, "BYE ") {
			p.reply(x, w, "200 OK", "", "")
			break
		}
	}
	l.over()
}

// Some odd message makes a handler panic: that call ends, the process does not.
func TestPanicInAHandler(t *testing.T) {
	for _, method := range []string{"offer", "request"} {
		t.Run(method, func(t *testing.T) {
			x, p := udpPair(t)
			h, l := up(t, x, p)
			l.mu.Lock()
			l.bomb = method
			l.mu.Unlock()
			if method == "offer" {
				h.request("UPDATE", "odd")
			} else {
				h.request("INFO", "")
			}
			l.expect(method, "ended dialog: panic")
			p.expect("SIP/2.0 500")
			l.over()
			p.reply(x, p.expect("BYE "), "200 OK", "", "")
		})
	}
	t.Run("ended", func(t *testing.T) {
		x, p := udpPair(t)
		h, l := up(t, x, p)
		l.mu.Lock()
		l.bomb = "ended"
		l.ends = 1 // say does not come back to count it
		l.mu.Unlock()
		h.request("BYE", "")
		p.expect("SIP/2.0 200")
		l.expect("ended BYE")
		l.over()
		l.lateness()
	})
	t.Run("unanswered", func(t *testing.T) {
		x, p := udpPair(t)
		h := p.dials(x)
		branch := h.invite("offer")
		l := x.incoming()
		l.d.post(func() { panic("bomb") })
		h.remote = p.expect("SIP/2.0 500").tag("To")
		p.send(x, h.text("ACK", 1, branch, ""))
		l.expect("ended dialog: panic")
		l.over()
	})
}

// Close, with no time to lose: every call gets the message its state allows, and none can begin after it.
func TestClose(t *testing.T) {
	cases := []struct {
		name  string
		setup func(t *testing.T, x *pbx, p *phone) *leg
		want  string
	}{
		{"unanswered", func(t *testing.T, x *pbx, p *phone) *leg {
			p.dials(x).invite("offer")
			return x.incoming()
		}, "SIP/2.0 503"},
		{"calling", func(t *testing.T, x *pbx, p *phone) *leg {
			l := x.call(p)
			p.reply(x, p.expect("INVITE "), "180 Ringing", "t1", "")
			l.expect("provisional")
			return l
		}, "CANCEL "},
		{"confirmed", func(t *testing.T, x *pbx, p *phone) *leg {
			_, l := up(t, x, p)
			return l
		}, "BYE "},
		{"re-INVITE open", func(t *testing.T, x *pbx, p *phone) *leg {
			_, l := down(t, x, p)
			l.d.Reinvite(nil, func(*sip.Response, error) {})
			p.expect("INVITE ")
			return l
		}, "BYE "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x, p := udpPair(t)
			l := c.setup(t, x, p)
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			x.layer.Close(ctx)
			p.expect(c.want)
			l.expect("ended " + ErrClosed.Error())
			l.over()
			late := x.call(p)
			late.expect("failed "+ErrClosed.Error(), "ended "+ErrClosed.Error())
			late.over()
			p.dials(x).invite("offer")
			p.expect("SIP/2.0 503")
			x.incoming().expect("ended " + ErrClosed.Error())
		})
	}
}

func TestCloseWaitsForTheAnswerToOurBye(t *testing.T) {
	x, p := udpPair(t)
	_, l := up(t, x, p)
	l.d.Hangup(0, "")
	bye := p.expect("BYE ")
	closed := make(chan struct{})
	go func() { // ends with Close
		x.layer.Close(context.Background())
		close(closed)
	}()
	select {
	case <-closed:
		t.Error("closed before the BYE was answered")
	default:
	}
	p.reply(x, bye, "200 OK", "", "")
	<-closed
}
