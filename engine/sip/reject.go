package sip

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Answers to requests too malformed for a transaction are written at once and forgotten (RFC 3261 §8.2.7), at a bounded rate
// an address: we are nobody's amplifier.

// reject answers a malformed request. Responses and ACKs get none, nor does what has no Via.
func (t *Transport) reject(h *head, src source) {
	t.stack.stats.malformed.Add(1)
	if !h.request || h.method == string(ACK) || h.value("Via") == "" || !t.stack.rejects.allow(src.addr.Addr(), time.Now()) {
		return
	}
	msg, dst := rejection(h, src.addr, t.stack.cfg.UserAgent)
	if t.proto == "udp" {
		_ = t.writePacket(msg, dst, src.local) // nothing is owed to a broken request
	} else if src.stream != nil {
		_ = src.stream.write(msg)
	}
}

// rejection builds the answer from header fields as they came and says where it goes (RFC 3261 §18.2.2, RFC 3581).
func rejection(h *head, src netip.AddrPort, server string) ([]byte, netip.AddrPort) {
	dst := src
	var b strings.Builder
	b.WriteString("SIP/2.0 " + strconv.Itoa(h.fault.status) + " " + h.fault.reason + "\r\n")
	top := true
	for _, f := range h.fields {
		value := f.value
		switch f.name {
		case "Via":
			if via, err := parseVia(value); top && err == nil {
				dst = stampVia(via, src)
				value = headerText(via)
			}
			top = false
		case "To":
			if a, err := ParseAddress(value); err == nil && a.Tag() == "" {
				value += ";tag=" + NewTag()
			}
		case "From", "Call-ID", "CSeq":
		default:
			continue
		}
		b.WriteString(f.name + ": " + value + "\r\n")
	}
	if h.fault.status == StatusNotImplemented {
		b.WriteString("Allow: " + Allow + "\r\n")
	}
	if server != "" {
		b.WriteString("Server: " + server + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return []byte(b.String()), dst
}

// stampVia notes in a request's top Via where it really came from (RFC 3261 §18.2.1, RFC 3581 §4) and returns where the
// responses go: the source when rport asks for it, else the source's address and the port of sent-by. maddr is ignored: it
// would make us send where a stranger tells.
func stampVia(via *ViaHeader, src netip.AddrPort) netip.AddrPort {
	_, rport := via.Params.Get("rport")
	if host, ok := parseHostAddr(via.Host); rport || !ok || host != src.Addr().WithZone("") {
		via.Params.Add("received", src.Addr().WithZone("").String())
	} else {
		via.Params.Remove("received")
	}
	if rport {
		via.Params.Add("rport", strconv.Itoa(int(src.Port())))
		return src
	}
	port := uint16(via.Port)
	if port == 0 {
		port = 5060
	}
	return netip.AddrPortFrom(src.Addr(), port)
}

// A limiter is a token bucket a source, one second deep. It forgets all sources when there are too many: memory before
// fairness.
type limiter struct {
	perSecond int
	mu        sync.Mutex
	window    time.Time
	used      map[netip.Addr]int
}

const limiterSources = 4096

func newLimiter(perSecond int) *limiter {
	return &limiter{perSecond: perSecond, used: map[netip.Addr]int{}}
}

func (l *limiter) allow(a netip.Addr, now time.Time) bool {
	a = sourceKey(a)
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.window) >= time.Second || now.Before(l.window) {
		l.window = now
		clear(l.used)
	}
	if l.used[a] >= l.perSecond || len(l.used) >= limiterSources {
		return false
	}
	l.used[a]++
	return true
}

// sourceKey is who counts as one stranger: an IPv4 address, or an IPv6 /64, which is one customer's to hop about in.
func sourceKey(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.Addr()
	}
	return a
}
