package media

import (
	"net/netip"
	"time"
)

// learner decides whose packets are believed (strict RTP).
//
//	SDP's own address and port     at once, and against anybody learned before
//	address of the peer's SIP      after probation packets in sequence, and against anybody of lower rank
//	SDP's address, other port      after probation, and not before learnGrace
//	anybody else                   the same, and only on a symmetric port: NAT that nothing is known of
//
// Once learned, a source stays until a higher rank speaks or the SDP names another address; nobody else is heard meanwhile,
// however silent the source is. Packets of candidates are dropped until they are learned. So a stranger who speaks first loses
// to the phone at its phone's first packet, and one who comes later is never heard.
//
// Deviates: Asterisk believes any address after probation, also on ports that are not symmetric. Here such a port believes
// only the addresses that signalling named.
type learner struct {
	strict, symmetric bool
	probation         int

	named      netip.AddrPort // by SDP
	signalling netip.Addr
	source     netip.AddrPort // learned; invalid: none yet
	rank       rank           // of source
	candidates [4]candidate
}

type rank uint8

const (
	nobody rank = iota
	stranger
	neighbour // the SDP's address, another port
	caller    // the address SIP came from
	exact
)

// learnGrace is what a phone at the address it named has to say its first word, against a stranger who already speaks.
const learnGrace = int64(200 * time.Millisecond)

type candidate struct {
	from  netip.AddrPort
	ssrc  uint32
	next  uint16 // expected sequence number
	count int
	since int64
	last  int64
}

func (l *learner) restart(named netip.AddrPort, signalling netip.Addr) {
	*l = learner{strict: l.strict, symmetric: l.symmetric, probation: l.probation, named: named, signalling: signalling}
}

func (l *learner) rankOf(from netip.AddrPort) rank {
	switch {
	case !sendable(l.named): // before the first SDP, or held by 0.0.0.0: nobody has been invited
		return nobody
	case from == l.named:
		return exact
	case from.Addr() == l.signalling:
		return caller
	case from.Addr() == l.named.Addr():
		return neighbour
	case l.symmetric:
		return stranger
	}
	return nobody
}

// known reports whether packets from this address need no further thought.
func (l *learner) known(from netip.AddrPort) bool { return from == l.source }

// consider takes a valid packet, with a payload type of ours, from an address that is not known. It reports whether to
// believe the packet, and whether its sender has just become the source.
func (l *learner) consider(from netip.AddrPort, ssrc uint32, seq uint16, now int64) (believe, learned bool) {
	r := l.rankOf(from)
	if r > l.rank && (r == exact || l.pass(from, r, ssrc, seq, now)) {
		l.source, l.rank = from, r
		l.candidates = [4]candidate{}
		return true, true
	}
	return !l.strict, false
}

// pass counts packets in sequence from one address and reports whether they suffice.
func (l *learner) pass(from netip.AddrPort, r rank, ssrc uint32, seq uint16, now int64) bool {
	c := l.candidate(from)
	if c.from != from || c.ssrc != ssrc || seq != c.next {
		since := now
		if c.from == from && c.ssrc == ssrc { // a loss costs the count, not the time already waited
			since = c.since
		}
		*c = candidate{from: from, ssrc: ssrc, since: since}
	}
	c.next, c.last = seq+1, now
	c.count++
	return c.count >= l.probation && (r == caller || now-c.since >= learnGrace)
}

// candidate returns from's place, or the one longest not heard of: few places, so that a crowd costs no memory, and several,
// so that one stranger cannot keep the phone from being counted.
func (l *learner) candidate(from netip.AddrPort) *candidate {
	oldest := &l.candidates[0]
	for i := range l.candidates {
		c := &l.candidates[i]
		if c.from == from {
			return c
		}
		if c.last < oldest.last || !c.from.IsValid() && oldest.from.IsValid() {
			oldest = c
		}
	}
	return oldest
}

// controlSource decides the same for RTCP, which has a port of its own and comes seldom.
type controlSource struct {
	mux    bool
	named  netip.AddrPort // by SDP
	source netip.AddrPort // learned
}

func (c *controlSource) restart(st Stream, moved bool) {
	named := st.RemoteRTCP
	if !named.IsValid() && st.Remote.IsValid() && st.Remote.Port() < 65535 {
		named = netip.AddrPortFrom(st.Remote.Addr(), st.Remote.Port()+1)
	}
	if moved || named != c.named || st.RTCPMux != c.mux {
		c.source = netip.AddrPort{}
	}
	c.named, c.mux = named, st.RTCPMux
}

// believe: what SDP named; else, when RTP was learned elsewhere, one port at that address which knows the peer's SSRC.
func (c *controlSource) believe(from netip.AddrPort, l *learner, ssrcMatches bool) bool {
	switch {
	case c.mux:
		return from == l.source
	case from == c.named && (l.rank == exact || l.rank == nobody):
	case from == c.source:
	case l.rank != nobody && l.rank != exact && from.Addr() == l.source.Addr() && ssrcMatches && !c.source.IsValid():
	default:
		return false
	}
	c.source = from
	return true
}

// dest is where our RTCP goes; the zero AddrPort: nowhere.
func (c *controlSource) dest(p *Port) netip.AddrPort {
	rtp := p.dest()
	switch {
	case !rtp.IsValid():
		return rtp
	case c.mux:
		return rtp
	case rtp == p.stream.Remote:
		if sendable(c.named) {
			return c.named
		}
		return netip.AddrPort{}
	case c.source.IsValid():
		return c.source
	case rtp.Port() == 65535:
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)
}
