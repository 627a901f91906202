package media

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/pion/rtcp"
)

// reports is a port's RTCP: what we tell, and what we were told.
type reports struct {
	next       int64  // shard time of the next report; 0 = RTCP has not begun
	sentAt     uint64 // packetsOut at the last report: more since makes it a sender report
	lastSR     uint32 // middle 32 bits of the NTP time of the peer's last sender report
	lastSRTime int64  // shard time it came; 0 = none

	remoteLost   int64
	remoteJitter time.Duration
	rtt          time.Duration
	heard        bool // the peer has reported on us
	bye          bool
}

var (
	errControl    = errors.New("media: RTCP packet malformed")
	errNoReport   = errors.New("media: RTCP compound does not begin with a report")
	errControlLen = errors.New("media: RTCP lengths do not add up")
)

// newRemote forgets what was said of the peer's former stream.
func (r *reports) newRemote() { r.lastSR, r.lastSRTime, r.bye = 0, 0, false }

// start arms the first report, half an interval from now (RFC 3550 §6.2).
func (r *reports) start(s *shard) {
	if r.next == 0 {
		r.next = s.now + jittered(s.engine.config.Load().RTCPInterval)/2
	}
}

// jittered spreads an interval over 0.5 to 1.5 of it, so that ports opened together do not report together.
func jittered(d time.Duration) int64 {
	return int64(d)/2 + int64(random64()%uint64(max(d, 1)))
}

func randomCNAME() string { // RFC 7022 §4.2: 96 bits
	var b [16]byte
	binary.NativeEndian.PutUint64(b[:], random64())
	binary.NativeEndian.PutUint64(b[8:], random64())
	return base64.RawStdEncoding.EncodeToString(b[:12])
}

// checkCompound applies RFC 3550 A.2 without parsing: it begins with a report, every length fits, padding ends it.
func checkCompound(b []byte) error {
	if len(b) < 8 || b[1] != 200 && b[1] != 201 {
		return errNoReport
	}
	for len(b) > 0 {
		if len(b) < 4 || b[0]>>6 != version2 {
			return errControl
		}
		n := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if n > len(b) {
			return errControlLen
		}
		if padded := b[0]&0x20 != 0; padded && n != len(b) {
			return errControl
		}
		b = b[n:]
	}
	return nil
}

// receiveControl takes an RTCP datagram. A stranger's is not parsed.
func (p *Port) receiveControl(b []byte, from netip.AddrPort) {
	if !p.agreed || p.config.Kind == KindDatagrams || checkCompound(b) != nil {
		p.count.dropped.Add(1)
		return
	}
	sender := binary.BigEndian.Uint32(b[4:])
	if !p.control.believe(from, &p.learn, p.stats.started && sender == p.stats.ssrc) {
		p.count.wrongSource.Add(1)
		return
	}
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		p.count.dropped.Add(1)
		return
	}
	s := p.at
	p.lastHeard, p.timedOut = s.now, false
	wall := ntpMiddle(time.Now())
	for _, packet := range packets {
		switch r := packet.(type) {
		case *rtcp.SenderReport:
			if r.SSRC == p.stats.ssrc {
				p.reports.lastSR, p.reports.lastSRTime = uint32(r.NTPTime>>16), s.now
			}
			p.heard(r.Reports, wall)
		case *rtcp.ReceiverReport:
			p.heard(r.Reports, wall)
		case *rtcp.Goodbye:
			for _, ssrc := range r.Sources {
				p.reports.bye = p.reports.bye || ssrc == p.stats.ssrc
			}
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest, *rtcp.TransportLayerNack:
			p.receiveFeedback(packet)
		}
	}
	p.publish()
}

// heard takes the block about our stream.
func (p *Port) heard(blocks []rtcp.ReceptionReport, wall uint32) {
	for _, b := range blocks {
		if b.SSRC != p.outgoing.ssrc {
			continue
		}
		r := &p.reports
		r.heard = true
		r.remoteLost = int64(int32(b.TotalLost<<8) >> 8) // 24 bits, signed
		if rate := p.outgoing.rate; rate > 0 {
			r.remoteJitter = time.Duration(b.Jitter) * time.Second / time.Duration(rate)
		}
		if b.LastSenderReport == 0 {
			continue
		}
		// RFC 3550 §6.4.1: in 1/65536 s. A peer's nonsense would show as half a day: leave it out.
		if trip := wall - b.LastSenderReport - b.Delay; trip < 1<<31 {
			if d := time.Duration(trip) * time.Second >> 16; d < time.Minute {
				r.rtt = d
			}
		}
	}
}

// ntpMiddle is the middle of the 64-bit NTP timestamp: seconds modulo 65536 and 1/65536.
func ntpMiddle(t time.Time) uint32 { return uint32(ntp(t) >> 16) }

func ntp(t time.Time) uint64 {
	const epoch = 2208988800 // 1900 to 1970
	return uint64(t.Unix()+epoch)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// compound is our report: SR when we have sent since the last one, else RR; and SDES CNAME.
func (p *Port) compound(s *shard) []rtcp.Packet {
	var blocks []rtcp.ReceptionReport
	if st := &p.stats; st.started {
		r := &p.reports
		block := rtcp.ReceptionReport{SSRC: st.ssrc, FractionLost: st.fraction(),
			TotalLost: uint32(min(max(st.lost(), 0), 0x7FFFFF)), LastSequenceNumber: st.extended(), Jitter: uint32(st.jitter >> 4)}
		if r.lastSRTime != 0 {
			block.LastSenderReport = r.lastSR
			block.Delay = uint32((s.now - r.lastSRTime) / 1000 * 65536 / 1e6)
		}
		blocks = append(blocks, block)
	}
	o := &p.outgoing
	var first rtcp.Packet = &rtcp.ReceiverReport{SSRC: o.ssrc, Reports: blocks}
	if sent := p.count.packetsOut.Load(); sent != p.reports.sentAt {
		p.reports.sentAt = sent
		first = &rtcp.SenderReport{SSRC: o.ssrc, NTPTime: ntp(time.Now()), RTPTime: o.ts + uint32((s.now-o.at)/1000*int64(o.rate)/1e6),
			PacketCount: uint32(sent), OctetCount: uint32(p.count.bytesOut.Load()), Reports: blocks}
	}
	return []rtcp.Packet{first, rtcp.NewCNAMESourceDescription(o.ssrc, p.config.CNAME)}
}

func (p *Port) sendControl(s *shard, packets []rtcp.Packet) {
	to := p.control.dest(p)
	if p.rtp == nil || !to.IsValid() {
		return
	}
	b, err := rtcp.Marshal(packets)
	if err != nil {
		s.engine.log.Warn().Err(err).Msg("media: RTCP report")
		return
	}
	sock := p.rtcp
	if p.stream.RTCPMux {
		sock = p.rtp
	}
	_ = p.sendTo(sock, b, to)
}

func (p *Port) sendReport(s *shard) { p.sendControl(s, p.compound(s)) }

// sendBye ends our stream for the peer (RFC 3550 §6.6), if it ever began.
func (p *Port) sendBye(s *shard) {
	if p.agreed && p.outgoing.sent {
		p.sendControl(s, append(p.compound(s), &rtcp.Goodbye{Sources: []uint32{p.outgoing.ssrc}}))
	}
}
