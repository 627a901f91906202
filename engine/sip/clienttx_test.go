package sip

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

func TestClientTimeout(t *testing.T) {
	t.Parallel()
	s := newTestStack(t, Config{})
	tr := listen(t, s, "udp")
	silent := dialPeer(t, tr)
	for _, method := range []Method{OPTIONS, INVITE} {
		uri, _ := ParseURI("sip:nobody@" + silent.addr().String())
		tx, err := s.Request(t.Context(), Hop{tr, silent.addr()}, testRequest(method, uri, ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Next(t.Context()); !errors.Is(err, ErrTimeout) {
			t.Errorf("%s: %v, want ErrTimeout", method, err)
		}
	}
	if n := s.Stats().Clients; n != 0 {
		t.Errorf("%d client transactions left", n)
	}
}

func TestClientTransportErrors(t *testing.T) {
	s := newTestStack(t, Config{})
	tr := listen(t, s, "tcp")
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	uri, _ := ParseURI("sip:nobody@" + l.Addr().String())
	hop := Hop{tr, addrPortOf(l.Addr())}
	tx, err := s.Request(t.Context(), hop, testRequest(INVITE, uri, ""))
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c.Close()
	if _, err := tx.Next(t.Context()); !errors.Is(err, ErrTransport) {
		t.Errorf("connection closed: %v, want ErrTransport", err)
	}
	if _, err := s.Request(t.Context(), hop, testRequest(OPTIONS, uri, "")); !errors.Is(err, ErrTransport) {
		t.Errorf("connection refused: %v, want ErrTransport", err)
	}
}

func TestClientInvite(t *testing.T) {
	t.Parallel()
	late := make(chan string, 4)
	s := newTestStack(t, Config{OnResponse: func(_ *Transport, res *Response) { late <- ToTag(res) }})
	tr := listen(t, s, "udp")
	p := dialPeer(t, tr)
	uri, _ := ParseURI("sip:bob@" + p.addr().String())
	invite := func() (*ClientTx, *wire) {
		tx, err := s.Request(t.Context(), Hop{tr, p.addr()}, testRequest(INVITE, uri, ""))
		if err != nil {
			t.Fatal(err)
		}
		return tx, p.expect("INVITE")
	}
	next := func(tx *ClientTx) int {
		res, err := tx.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	t.Run("order and forks", func(t *testing.T) {
		tx, req := invite()
		for range 20 {
			p.send(answer(req, 180, "f1"))
		}
		p.send(answer(req, 200, "f1"))
		p.send(answer(req, 183, "f1"))
		p.send(answer(req, 200, "f2"))
		p.send(answer(req, 200, "f1"))
		for range 20 {
			if got := next(tx); got != 180 {
				t.Fatalf("got %d, want 180", got)
			}
		}
		if got := next(tx); got != 200 {
			t.Fatalf("got %d, want 200", got)
		}
		if a, b := <-late, <-late; a != "f2" || b != "f1" {
			t.Errorf("OnResponse got %s, %s", a, b)
		}
	})
	t.Run("non-2xx is acknowledged each time", func(t *testing.T) {
		tx, req := invite()
		p.send(answer(req, 180, "f1"))
		p.send(answer(req, 486, "f1"))
		if a, b := next(tx), next(tx); a != 180 || b != 486 {
			t.Fatalf("got %d, %d", a, b)
		}
		ack := p.expect("ACK")
		if ack.get("To") != req.get("To")+";tag=f1" || ack.get("Via") != req.get("Via") || ack.get("CSeq") != "7 ACK" {
			t.Errorf("got\n%s", ack.raw)
		}
		for range 3 {
			p.send(answer(req, 486, "f1"))
			if again := p.expect("ACK"); again.raw != ack.raw {
				t.Errorf("got\n%s", again.raw)
			}
		}
	})
	t.Run("cancel waits for a provisional", func(t *testing.T) {
		tx, req := invite()
		if err := tx.Cancel(`SIP;cause=200;text="Call completed elsewhere"`); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(5 * testT1); time.Now().Before(end); {
			if w := p.read(time.Until(end)); w != nil && strings.HasPrefix(w.start, "CANCEL") {
				t.Fatal("CANCEL before any response")
			}
		}
		p.send(answer(req, 180, "f1"))
		c := p.expect("CANCEL")
		if c.get("Via") != req.get("Via") || c.get("CSeq") != "7 CANCEL" || c.get("To") != req.get("To") || !strings.Contains(c.get("Reason"), "elsewhere") {
			t.Errorf("got\n%s", c.raw)
		}
		p.send(answer(c, 200, "f1"))
		p.send(answer(req, 200, "f1")) // it crossed
		if a, b := next(tx), next(tx); a != 180 || b != 200 {
			t.Fatalf("got %d, %d", a, b)
		}
	})
	t.Run("cancelled and no final response", func(t *testing.T) {
		tx, req := invite()
		p.send(answer(req, 180, "f1"))
		next(tx)
		if err := tx.Cancel(""); err != nil {
			t.Fatal(err)
		}
		p.send(answer(p.expect("CANCEL"), 200, "f1"))
		if _, err := tx.Next(t.Context()); !errors.Is(err, ErrTimeout) {
			t.Errorf("got %v, want ErrTimeout", err)
		}
	})
	t.Run("terminate", func(t *testing.T) {
		tx, req := invite()
		tx.Terminate()
		if _, err := tx.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
		p.send(answer(req, 200, "late"))
		if got := <-late; got != "late" {
			t.Errorf("OnResponse got %s", got)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tx, _ := invite()
	if _, err := tx.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	tx.Terminate()
}
