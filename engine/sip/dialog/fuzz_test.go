package dialog

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"asterism/engine/sip"

	"go.uber.org/goleak"
)

// player makes events of bytes: what the phone sends, right or wrong, and what our side asks for.
type player struct {
	x     *pbx
	p     *phone
	h     *half
	l     *leg
	open  []*wire // requests of the PBX that the phone has not answered
	last  string  // what the phone sent last
	first string  // branch of the phone's INVITE
	asked int
	heard atomic.Int32 // answers to what we asked
}

// statuses are the answers a phone may give.
var statuses = []string{"100 Trying", "180 Ringing", "183 Progress", "200 OK", "200 OK", "202 Accepted", "302 Moved", "401 Who", "407 Who",
	"408 Timeout", "481 Gone", "486 Busy", "487 Terminated", "491 Pending", "500 Error", "603 Decline"}

// pump takes what has come to the phone.
func (f *player) pump(within time.Duration) {
	for w := f.p.next(within); w != nil; w = f.p.next(0) {
		if !strings.HasPrefix(w.start, "SIP/2.0") {
			f.open = append(f.open, w)
		} else if tag := w.tag("To"); tag != "" && f.h != nil && f.h.remote == "" {
			f.h.remote = tag
		}
	}
}

func (f *player) send(method string, arg byte, body string) {
	if f.h == nil {
		return
	}
	seq := f.h.seq
	switch {
	case arg < 10:
		f.h.seq++
		seq = f.h.seq
	case arg < 13:
		seq += int(arg) - 9
	case arg == 14:
		seq = max(0, seq-2)
	}
	f.last = f.h.text(method, seq, "", body)
	f.p.send(f.x, f.last)
}

func (f *player) done(*sip.Response, error) { f.heard.Add(1) }

// reply answers a request of the PBX.
func (f *player) reply(w *wire, arg byte) {
	f.p.reply(f.x, w, statuses[arg&15], "t"+string('0'+arg&1), "answer", "WWW-Authenticate: "+md5)
}

func (f *player) event(b byte) {
	d, arg := f.l.d, b>>4
	switch b & 15 {
	case 0:
		d.Answer([]byte("answer"), arg&1 == 1)
	case 1:
		d.Progress(180+int(arg&3), nil)
	case 2:
		d.Reject(int(arg) * 60)
	case 3:
		d.Hangup(486, "why")
	case 4:
		f.asked++
		d.Reinvite([]byte("offer"), f.done)
	case 5:
		f.asked++
		d.Request([]sip.Method{sip.INFO, sip.UPDATE}[arg&1], "text/plain", []byte("x"), f.done)
	case 6:
		if f.first != "" {
			invite := *f.h
			invite.remote = ""
			f.p.send(f.x, invite.text("CANCEL", 1, f.first, ""))
		}
	case 7:
		f.send("BYE", arg, "")
	case 8:
		f.send("INVITE", arg, "offer"[:5*(arg&1)])
	case 9:
		f.send("UPDATE", arg, "offer"[:5*(arg&1)])
	case 10:
		f.send("INFO", arg, "")
	case 11:
		f.send("ACK", 13+arg&1, "answer")
	case 12, 13:
		if n := len(f.open); n > 0 {
			f.reply(f.open[n-1], arg)
			if statuses[arg&15][0] > '1' && b&15 == 12 {
				f.open = f.open[:n-1]
			}
		}
	case 14:
		f.pump(time.Duration(arg) * time.Millisecond / 4)
	case 15:
		if f.last != "" {
			f.p.send(f.x, f.last)
		}
	}
}

// end makes both sides behave, and wants the dialog over.
func (f *player) end() {
	f.l.d.Hangup(480, "")
	for end := time.Now().Add(soon); ; {
		select {
		case <-f.l.d.Done():
			return
		default:
		}
		if time.Now().After(end) {
			f.l.t.Fatalf("the dialog does not end; it heard %q", f.l.heard)
		}
		f.pump(time.Millisecond)
		for _, w := range f.open {
			switch status := "200 OK"; {
			case strings.HasPrefix(w.start, "INVITE "):
				f.p.reply(f.x, w, "487 Terminated", "t1", "")
			default:
				f.p.reply(f.x, w, status, "t1", "")
			}
		}
		f.open = nil
		if f.h != nil && f.h.remote != "" {
			for seq := 0; seq <= f.h.seq+4; seq++ { // whichever 2xx waits
				f.p.send(f.x, f.h.text("ACK", seq, "", "answer"))
			}
		}
	}
}

// FuzzEvents: whatever comes in whatever order, no dialog deadlocks, its end is told exactly once and nothing after it, and every question
// of ours has exactly one answer.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{
		"\x00\xe1\x00\xe1\x00\xfe\x0b\x07",         // answered call, BYE
		"\x00\x11\x06\x00\xfe\x0b",                 // CANCEL, 200
		"\x01\xfe\x1c\x3c\xfe\xfe\x04\xfe\x08\x3c", // we call, re-INVITE glare
		"\x01\xfe\x1c\x03\xfe\x3c\xfe\x3d\x3d",     // CANCEL against 200
		"\x01\xfe\x7c\xfe\x3c\x07\x07\x0a\xba\xca", // challenged, BYE and requests out of order
		"\x00\x00\xfe\x0b\x04\xfe\x1c\x07\xfe\x3c", // BYE while our re-INVITE is open
		"\x00\x10\xfe\x1b\x05\x15\xfe\xac\xac",     // late offer; 481 to INFO
	} {
		f.Add([]byte(seed))
	}
	defer goleak.VerifyNone(f)
	x := startPBX(f, "udp", Config{T1: hasty, ReorderWait: 2 * time.Millisecond})
	x.option(func(o *Options) { o.Credentials = []sip.Credentials{{Username: "u", Realm: "r", Password: "p"}} })
	defer x.stop()
	defer x.now(f)
	f.Fuzz(func(t *testing.T, events []byte) {
		if len(events) == 0 || len(events) > 64 {
			return
		}
		x.now(t)
		g := &player{x: x, p: newPhone(t, "udp")}
		if events[0]&1 == 0 {
			g.h = g.p.dials(x)
			g.first = g.h.invite("offer"[:5*(events[0]>>1&1)])
			g.l = x.incoming()
			g.pump(0)
		} else {
			g.l = x.call(g.p)
			g.open = append(g.open, g.p.expect("INVITE "))
			g.h = g.p.called(x, g.open[0], "t1")
		}
		for _, b := range events[1:] {
			g.event(b)
		}
		g.end()
		if g.l.mu.Lock(); g.l.ends != 1 || g.l.late != "" {
			t.Errorf("ended %d times; after the end it heard %q", g.l.ends, g.l.late)
		}
		g.l.mu.Unlock()
		if n := int(g.heard.Load()); n != g.asked {
			t.Errorf("%d questions, %d answers", g.asked, n)
		}
	})
}
