package media

import (
	"net/netip"
)

// rtpEnd and rtcpEnd are a port as the handler of its two sockets.
type (
	rtpEnd  Port
	rtcpEnd Port
)

func (e *rtpEnd) HandlePacket(b []byte, from netip.AddrPort)  { (*Port)(e).receive(b, from) }
func (e *rtcpEnd) HandlePacket(b []byte, from netip.AddrPort) { (*Port)(e).receiveControl(b, from) }

const (
	rtpHeader = 12
	// RTCP packet types 192–223 are told from RTP by the second byte, marker bit included (RFC 5761 §4).
	firstRTCP, lastRTCP = 192, 223
	// maxCSRC bounds nothing by itself: with more contributors than a header can name there is no packet.
	version2 = 2
)

// receive takes a datagram of the RTP socket. Nothing of it is kept or answered unless its sender is believed.
// Budget: 100 ns, 0 allocs from here through Out to the send queue (BenchmarkRelay; TestRelayAllocs).
func (p *Port) receive(b []byte, from netip.AddrPort) {
	if p.config.Kind == KindDatagrams {
		p.receiveDatagram(b, from)
		return
	}
	// RFC 7983: STUN, DTLS and what else comes has another first byte.
	if len(b) < rtpHeader || b[0]>>6 != version2 || !p.agreed {
		p.count.dropped.Add(1)
		return
	}
	if b[1] >= firstRTCP && b[1] <= lastRTCP {
		if p.stream.RTCPMux {
			p.receiveControl(b, from)
		} else {
			p.count.dropped.Add(1)
		}
		return
	}
	known := p.learn.known(from)
	in := p.incoming(b[1] & 0x7F)
	if !known && !p.admit(b, from, in) {
		p.count.wrongSource.Add(1)
		return
	}
	s := p.at
	if err := s.packet.Unmarshal(b); err != nil {
		p.count.dropped.Add(1)
		return
	}
	p.lastHeard, p.timedOut = s.now, false
	p.count.packetsIn.Add(1)
	p.count.lastPacket.Store(s.now)
	h := &s.packet.Header
	rate := in.format.Rate
	if p.stats.packet(h.SSRC, h.SequenceNumber, h.Timestamp, len(s.packet.Payload), rate, s.now) {
		p.newRemote(s, h.SSRC)
	}
	f := &p.frame
	f.Format, f.Payload = in.format, s.packet.Payload
	f.Timestamp, f.Seq, f.Marker = h.Timestamp, h.SequenceNumber, h.Marker
	f.Samples, f.Source = 0, p.source
	if pt := b[1] & 0x7F; !in.known && (pt == comfortNoise || pt == oldComfortNoise) && p.stream.Receive {
		p.pause(f)
		return
	}
	if !p.stream.Receive || !in.known {
		p.count.dropped.Add(1)
		p.overhear(f, true) // its number is no loss
		return
	}
	if in.bytes != 0 {
		f.Samples = len(f.Payload) / in.bytes * in.samples
	}
	if !in.event {
		p.voice = in.format
	}
	p.arrive(f, in.event)
}

// pause takes a packet of comfort noise (RFC 3389): the peer says nothing. It is no voice and no loss; nobody is told how loud the
// noise behind it is, since we agree on such packets with none. What it stands for is the gap until the next timestamp.
func (p *Port) pause(f *Frame) {
	if p.voice.Rate == 0 || p.busy { // nothing has been said yet that could pause
		return
	}
	p.busy = true
	f.Format, f.Payload = p.voice, nil
	p.overhear(f, true)
	if p.keys != nil && p.keys.source == f.Source && int16(f.Seq-p.keys.seq) > 0 {
		p.keys.seq = f.Seq
	}
	if p.dejitter != nil {
		p.dejitter.put(p.at, f, true)
	} else {
		_ = p.sink.WriteFrame(f)
	}
	p.busy = false
}

// incoming is what a payload type stands for.
func (p *Port) incoming(pt uint8) *incoming {
	for i := range p.formats {
		if p.formats[i].pt == pt {
			return &p.formats[i]
		}
	}
	return &p.unknown
}

// arrive hands a frame of a socket or of the other half of a pair on.
func (p *Port) arrive(f *Frame, event bool) {
	if p.busy {
		return
	}
	p.busy = true
	if p.hearings != nil {
		p.overhear(f, event)
	}
	switch {
	case event:
		p.receiveEvent(f)
		if p.events.unheard && f.Timestamp == p.events.ts {
			f.Payload = nil // a script has taken the key: whom it is bridged with since then does not get the rest
		}
	case p.keys != nil && p.keys.hear(p.at, f):
		f.Payload = nil
	}
	if p.sink != Discard && p.member == nil { // a room's clock is what its members wait for
		p.at.onward++
	}
	if p.volume != nil && !event {
		f = p.louder(f)
	}
	if p.overlays != nil && p.overlays.heard != nil {
		f = p.overlays.heard.apply(&p.outgoing, f)
	}
	if p.dejitter != nil {
		p.dejitter.put(p.at, f, event)
	} else {
		_ = p.sink.WriteFrame(f) // a sink that cannot take it has closed the gap itself
	}
	p.busy = false
}

// admit asks the learner about a packet from an address that is not the source.
func (p *Port) admit(b []byte, from netip.AddrPort, in *incoming) bool {
	// A payload type nobody agreed on proves nothing, nor does what comes while we asked for silence: only the SDP's own
	// address may be learned from then.
	if r := p.learn.rankOf(from); (!in.known || !p.stream.Receive) && r != exact {
		return !p.learn.strict
	}
	if p.at.packet.Unmarshal(b) != nil {
		return false
	}
	h := &p.at.packet.Header
	believe, learned := p.learn.consider(from, h.SSRC, h.SequenceNumber, p.at.now)
	if learned {
		p.publish()
		if p.config.OnSource != nil {
			p.config.OnSource(from)
		}
	}
	return believe
}

// newRemote begins another stream of the peer: an SSRC of its own, which nothing before it can be compared with.
func (p *Port) newRemote(s *shard, ssrc uint32) {
	p.source = s.newSource()
	p.eventStopped(s)
	p.events.restart()
	p.reports.newRemote()
	p.publish()
}
