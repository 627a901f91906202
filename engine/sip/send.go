package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// Request sends req to hop and returns its client transaction; what req lacks of Via, Max-Forwards, User-Agent and
// Content-Length is added, a Via it has is replaced: a request may be given again after Authorize. Beyond 1300 bytes it goes by
// TCP if we have a TCP transport and the peer takes the connection, else by UDP all the same (RFC 3261 §18.1.1). ctx bounds
// the making of a connection, not the transaction. req belongs to the stack from here on.
func (s *Stack) Request(ctx context.Context, hop Hop, req *Request) (*ClientTx, error) {
	if req.Method == ACK {
		return nil, errors.New("sip: an ACK has no transaction: use Send")
	}
	out, hop, l, err := s.prepare(ctx, hop, req)
	if err != nil {
		return nil, err
	}
	return s.startClient(hop, out, l)
}

// Send sends a request that has no transaction of its own, the ACK to a 2xx, as Request does.
func (s *Stack) Send(ctx context.Context, hop Hop, req *Request) error {
	out, _, l, err := s.prepare(ctx, hop, req)
	if err != nil {
		return err
	}
	return l.WriteMsg(out)
}

// prepare makes req complete and connects.
func (s *Stack) prepare(ctx context.Context, hop Hop, req *Request) (*Request, Hop, *link, error) {
	if hop.Transport == nil || !hop.Addr.IsValid() || hop.Addr.Port() == 0 {
		return nil, hop, nil, fmt.Errorf("sip: %s to %s: no such hop", req.Method, hop.Addr)
	}
	hop.Addr = unmap(hop.Addr)
	out, err := s.complete(hop, req)
	if err != nil {
		return nil, hop, nil, err
	}
	if hop.Transport.proto == "udp" {
		if tcp, c := s.switchToTCP(ctx, hop, out); c != nil {
			hop.Transport = tcp
			if out, err = s.complete(hop, req); err != nil {
				return nil, hop, nil, err
			}
			return out, hop, &link{t: tcp, dst: hop.Addr, stream: c}, nil
		}
		return out, hop, &link{t: hop.Transport, dst: hop.Addr}, nil
	}
	c, err := hop.Transport.connect(ctx, hop.Addr)
	if err != nil {
		return nil, hop, nil, err
	}
	return out, hop, &link{t: hop.Transport, dst: hop.Addr, stream: c}, nil
}

// complete returns the message to send: typed header fields, our Via on top.
func (s *Stack) complete(hop Hop, req *Request) (*Request, error) {
	t := hop.Transport
	if req.Recipient.Scheme == "" || IsSIP(&req.Recipient) && req.Recipient.Host == "" {
		return nil, fmt.Errorf("sip: %s without a Request-URI", req.Method)
	}
	out := gosip.NewRequest(req.Method, req.Recipient)
	us := t.Advertised(hop.Addr.Addr())
	via := &ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: protocolName(t.proto), Host: us.Addr().String(), Port: int(us.Port())}
	via.Params.Add("branch", s.branchPrefix+randomHex(12))
	via.Params.Add("rport", "")
	out.AppendHeader(via)
	if !HasHeader(req, "Max-Forwards") {
		mf := MaxForwardsHeader(70)
		out.AppendHeader(&mf)
	}
	for _, h := range req.Headers() {
		if name := fullName(h.Name()); name != "Via" && name != "Content-Length" {
			out.AppendHeader(retype(h))
		}
	}
	if s.cfg.UserAgent != "" && !HasHeader(out, "User-Agent") {
		out.AppendHeader(NewHeader("User-Agent", s.cfg.UserAgent))
	}
	out.SetBody(req.Body())
	out.SetTransport(protocolName(t.proto))
	for _, name := range []string{"From", "To", "Call-ID", "CSeq"} {
		if h := headersNamed(out, name); len(h) != 1 || !isTyped(h[0]) {
			return nil, fmt.Errorf("sip: %s: missing or malformed %s header", req.Method, name)
		}
	}
	if out.CSeq().MethodName != out.Method {
		return nil, fmt.Errorf("sip: %s: CSeq says %s", out.Method, out.CSeq().MethodName)
	}
	return out, nil
}

func protocolName(proto string) string {
	if proto == "tcp" {
		return "TCP"
	}
	return "UDP"
}

const (
	// datagramMost is what a request may measure on a path of unknown MTU (RFC 3261 §18.1.1).
	datagramMost = 1300
	// switchTimeout: a phone behind NAT swallows the SYN; the call must not wait for the kernel to notice.
	switchTimeout = time.Second
	// switchMemory: how long a peer that refused is not asked again.
	switchMemory = 5 * time.Minute
	switchPeers  = 1024
)

// switchToTCP returns a connection for a request too large for UDP, or nil if it is not or there is none to be had.
func (s *Stack) switchToTCP(ctx context.Context, hop Hop, req *Request) (*Transport, *streamConn) {
	if s.cfg.DisableTCPSwitch || len(marshal(req)) <= datagramMost {
		return nil, nil
	}
	t := s.pick("tcp", hop.Addr.Addr())
	if t == nil {
		return nil, nil
	}
	now := time.Now()
	s.mu.Lock()
	refused := now.Before(s.noTCP[hop.Addr])
	s.mu.Unlock()
	if refused {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, switchTimeout)
	defer cancel()
	c, err := t.connect(ctx, hop.Addr)
	if err == nil {
		return t, c
	}
	s.log.Debug().Err(err).Msg("sip: large request stays on UDP")
	s.mu.Lock()
	if len(s.noTCP) >= switchPeers {
		clear(s.noTCP)
	}
	s.noTCP[hop.Addr] = now.Add(switchMemory)
	s.mu.Unlock()
	return nil, nil
}

// pick chooses the listener to reach addr from: of its protocol and family; one whose address the kernel would send from
// before a wildcard one before any other, but none on loopback for a distant address.
func (s *Stack) pick(proto string, addr netip.Addr) *Transport {
	var best *Transport
	rank := -1
	for _, t := range s.Transports() {
		if t.proto != proto || t.local.Addr().Is4() != addr.Is4() {
			continue
		}
		r := 0
		switch local := t.local.Addr(); {
		case t.wildcard:
			r = 1
		case local.IsLoopback() != addr.IsLoopback():
			continue
		case t.routeTo(addr) == local:
			r = 2
		}
		if r > rank {
			best, rank = t, r
		}
	}
	return best
}
