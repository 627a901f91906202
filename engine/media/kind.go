package media

import (
	"encoding/binary"
	"net/netip"
)

// Kind is what a port carries.
type Kind uint8

const (
	KindVoice     Kind = iota
	KindVideo          // RTP that is passed on unseen, and the feedback on it (RFC 4585, RFC 5104)
	KindDatagrams      // UDPTL (T.38): passed on as they are to the port joined with this one
)

// smallestUDPTL is a sequence number, the length of the first field, and one of its bytes or none (T.38 §9.1).
const smallestUDPTL = 4

// receiveDatagram passes a datagram on unchanged. UDPTL has no SSRC, but a sequence number, which learning a source needs.
func (p *Port) receiveDatagram(b []byte, from netip.AddrPort) {
	if len(b) < smallestUDPTL || !p.agreed {
		p.count.dropped.Add(1)
		return
	}
	if !p.learn.known(from) {
		believe, learned := p.learn.consider(from, 0, binary.BigEndian.Uint16(b), p.at.now)
		if learned {
			p.publish()
		}
		if !believe {
			p.count.wrongSource.Add(1)
			return
		}
	}
	p.lastHeard = p.at.now
	p.count.packetsIn.Add(1)
	p.count.lastPacket.Store(p.at.now)
	p.stats.bytes += uint64(len(b))
	o := p.across()
	if o == nil || !p.stream.Receive || !o.stream.Send {
		return
	}
	to := o.dest()
	if o.rtp == nil || !to.IsValid() {
		return
	}
	p.at.onward++
	o.count.packetsOut.Add(1)
	o.count.bytesOut.Add(uint64(len(b)))
	_ = o.sendTo(o.rtp, b, to) // a lost packet; UDPTL repeats what matters
}
